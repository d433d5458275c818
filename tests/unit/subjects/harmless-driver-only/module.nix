{ config, lib, pkgs, ... }:
let
  cfg = config.hardware.rknpu;
in
{
  options.hardware.rknpu = {
    enable = lib.mkEnableOption "the vendor's NPU driver as an out-of-tree module";
    autoload = lib.mkOption {
      type = lib.types.bool;
      default = true;
      description = "Load rknpu during boot.";
    };
  };
  config = lib.mkIf cfg.enable {
    boot.extraModulePackages = [ (config.boot.kernelPackages.callPackage ../_good/packages/driver.nix { }) ];
    boot.kernelModules = lib.optionals cfg.autoload [ "rknpu" ];
    environment.systemPackages = [ (pkgs.writeShellScriptBin "npu-smoke-test" "cat /sys/kernel/debug/rknpu/version") ];
    hardware.deviceTree.overlays = [
      {
        name = "rknpu";
        filter = "rk3588";
        dtsFile = ./overlay.dts;
      }
    ];
  };
}
