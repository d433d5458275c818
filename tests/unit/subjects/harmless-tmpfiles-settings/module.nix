import ../_good/module.nix {
  python = { cfg, pkgs, ... }: {
    environment.systemPackages = [ (pkgs.python312.withPackages (_: [ cfg.python.package ])) ];
    systemd.tmpfiles.settings."10-npu"."/usr/lib/librknnrt.so"."L+".argument = "${cfg.package}/lib/librknnrt.so";
  };
}
