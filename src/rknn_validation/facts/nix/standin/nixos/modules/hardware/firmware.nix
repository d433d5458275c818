# Firmware files that the kernel may ask for.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  cfg = config.hardware;
  inherit (lib) mkOption types;
  declare = import ../../lib/declare.nix { inherit lib; };
in
{
  options.hardware = {
    firmware = mkOption {
      type = types.listOf types.package;
      default = [ ];
      # Its value is one directory.
      apply =
        list:
        pkgs.buildEnv {
          name = "firmware";
          paths = list;
          pathsToLink = [ "/lib/firmware" ];
          ignoreCollisions = true;
        };
    };
    firmwareCompression = declare.of (types.enum [
      "xz"
      "zstd"
      "none"
      "auto"
    ]) "auto";
    enableAllFirmware = declare.off;
    enableRedistributableFirmware = declare.flag cfg.enableAllFirmware;
  };
  config = lib.mkMerge [
    (lib.mkIf (cfg.enableAllFirmware || cfg.enableRedistributableFirmware) {
      hardware.firmware = [ pkgs.linux-firmware ];
      hardware.wirelessRegulatoryDatabase = true;
    })
    (lib.mkIf cfg.enableAllFirmware {
      assertions = [
        {
          assertion = pkgs.config.allowUnfree or false;
          message = ''
            the list of hardware.enableAllFirmware contains non-redistributable licensed firmware files.
              This requires nixpkgs.config.allowUnfree to be true.
              An alternative is to use the hardware.enableRedistributableFirmware option.
          '';
        }
      ];
    })
  ];
}
