import ../_good/module.nix {
  python = _: { };
  library = { cfg, ... }: {
    environment.systemPackages = [ cfg.package ];
    environment.etc."ld.so.conf.d/npu.conf".text = "${cfg.package}/lib";
  };
}
