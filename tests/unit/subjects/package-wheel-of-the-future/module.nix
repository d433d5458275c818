import ../_good/module.nix {
  python = { cfg, pkgs, ... }: {
    environment.systemPackages = [
      (pkgs.python313.withPackages (_: [ (pkgs.python313.pkgs.callPackage ./toolkit.nix { }) ]))
    ];
    systemd.tmpfiles.rules = [ "L+ /usr/lib/librknnrt.so - - - - ${cfg.package}/lib/librknnrt.so" ];
  };
}
