# Adds to what base modules declare.
{ config, lib, ... }:
{
  options = {
    services.udev.level = lib.mkOption {
      type = lib.types.int;
      default = 3;
    };
    boot.kernelModules = lib.mkOption { description = "Declared once more."; };
    users.users = lib.mkOption {
      type = lib.types.attrsOf (
        lib.types.submodule (
          { config, ... }:
          {
            options.isOperator = lib.mkEnableOption "the right to use devices";
            config.extraGroups = lib.mkIf config.isOperator [ "render" ];
          }
        )
      );
    };
  };
  config = {
    users.users.messagebus.isOperator = true;
    services.udev.extraRules = "ACTION==\"add\", ENV{LEVEL}=\"${toString config.services.udev.level}\"";
    boot.kernelModules = [ "rocket" ];
  };
}
