# Each part takes { cfg, config, lib, pkgs } and gives options or configuration.
{
  options =
    { lib, pkgs, ... }:
    {
      enable = lib.mkEnableOption "the NPU of RK3588 boards";
      package = lib.mkOption {
        type = lib.types.package;
        default = pkgs.callPackage ./packages/runtime.nix { };
        description = "Package with librknnrt.so.";
      };
      python = {
        enable = lib.mkOption {
          type = lib.types.bool;
          default = true;
          description = "Whether to install the Python API.";
        };
        package = lib.mkOption {
          type = lib.types.package;
          default = pkgs.python312.pkgs.callPackage ./packages/toolkit.nix { };
          description = "The Python API.";
        };
      };
      group = lib.mkOption {
        type = lib.types.str;
        default = "render";
        description = "Group of the device node.";
      };
      mode = lib.mkOption {
        type = lib.types.str;
        default = "0660";
        description = "Mode of the device node.";
      };
    };

  device =
    { cfg, pkgs, ... }:
    {
      services.udev.packages = [
        (pkgs.writeTextDir "lib/udev/rules.d/70-npu.rules" ''
          SUBSYSTEM=="misc", KERNEL=="rknpu", GROUP="${cfg.group}", MODE="${cfg.mode}"
          SUBSYSTEM=="drm", KERNEL=="renderD*", DRIVERS=="RKNPU", GROUP="${cfg.group}", MODE="${cfg.mode}"
        '')
      ];
      users.groups.${cfg.group} = { };
    };

  # udev loads the module by the device tree's modalias.
  driver =
    { config, ... }:
    {
      boot.extraModulePackages = [ (config.boot.kernelPackages.callPackage ./packages/driver.nix { }) ];
      hardware.deviceTree = {
        enable = true;
        overlays = [
          {
            name = "rknpu";
            dtsText = builtins.readFile ./rknpu.dts;
          }
        ];
      };
    };

  library =
    { cfg, ... }:
    {
      environment.systemPackages = [ cfg.package ];
      environment.sessionVariables.LD_LIBRARY_PATH = [ "${cfg.package}/lib" ];
    };

  python =
    { cfg, lib, pkgs, ... }:
    lib.mkIf cfg.python.enable {
      environment.systemPackages = [ (pkgs.python312.withPackages (_: [ cfg.python.package ])) ];
      systemd.tmpfiles.rules = [ "L+ /usr/lib/librknnrt.so - - - - ${cfg.package}/lib/librknnrt.so" ];
    };

  guard =
    { pkgs, ... }:
    {
      assertions = [
        {
          assertion = pkgs.stdenv.hostPlatform.isAarch64;
          message = "services.npu is for aarch64-linux.";
        }
      ];
    };
}
