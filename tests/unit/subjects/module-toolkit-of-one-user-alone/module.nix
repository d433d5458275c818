import ../_good/module.nix {
  python =
    { cfg, pkgs, ... }:
    {
      users.users.alice = {
        isNormalUser = true;
        extraGroups = [ "render" ];
        packages = [
          cfg.python.package
          pkgs.python312
        ];
      };
      systemd.tmpfiles.rules = [ "L+ /usr/lib/librknnrt.so - - - - ${cfg.package}/lib/librknnrt.so" ];
    };
}
