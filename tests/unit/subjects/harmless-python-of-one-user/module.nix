import ../_good/module.nix {
  python =
    { cfg, pkgs, ... }:
    {
      users.users.alice = {
        isNormalUser = true;
        extraGroups = [ "render" ];
        packages = [ (pkgs.python312.withPackages (_: [ cfg.python.package ])) ];
      };
      fileSystems."/usr/lib/librknnrt.so" = {
        device = "${cfg.package}/lib/librknnrt.so";
        fsType = "none";
        options = [ "bind" "ro" ];
      };
    };
}
