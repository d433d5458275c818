import ../_good/module.nix {
  python = { cfg, pkgs, ... }: {
    environment.systemPackages = [ (pkgs.python312.withPackages (_: [ cfg.python.package ])) ];
    systemd.tmpfiles.rules = [ "C+ /usr/lib/librknnrt.so 0600 root root - ${cfg.package}/lib/librknnrt.so" ];
  };
}
