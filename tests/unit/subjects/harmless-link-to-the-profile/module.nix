import ../_good/module.nix {
  python = { cfg, pkgs, ... }: {
    environment.systemPackages = [ (pkgs.python312.withPackages (_: [ cfg.python.package ])) ];
    environment.pathsToLink = [ "/lib" ];
    systemd.tmpfiles.rules = [ "L+ /usr/lib/librknnrt.so - - - - /run/current-system/sw/lib/librknnrt.so" ];
  };
}
