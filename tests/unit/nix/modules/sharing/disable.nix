# Replaces a base module.
{ lib, ... }:
{
  disabledModules = [ "services/udev.nix" ];
  options = {
    boot.hardwareScan = lib.mkEnableOption "hardware";
    services.udev = lib.mkOption {
      type = lib.types.attrs;
      default = { };
      apply = _: {
        packages = [ ];
        extraRules = "";
      };
    };
  };
}
