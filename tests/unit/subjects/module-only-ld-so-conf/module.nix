import ../_good/module.nix {
  library = { cfg, ... }: {
    environment.systemPackages = [ cfg.package ];
    environment.etc."ld.so.conf.d/npu.conf".text = "${cfg.package}/lib";
  };
}
