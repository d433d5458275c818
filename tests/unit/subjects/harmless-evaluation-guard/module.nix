{ config, lib, pkgs, ... }:
let
  cfg = config.services.npu;
  name = config.hardware.deviceTree.name;
  isRk3588 = name == null || lib.hasInfix "rk3588" name;
in
{
  options.services.npu.enable = lib.mkEnableOption "the NPU";
  config = lib.mkIf (cfg.enable && isRk3588 && pkgs.stdenv.hostPlatform.isAarch64) {
    boot.kernelPackages = pkgs.linuxPackages_latest;
    boot.kernelModules = [ "rocket" ];
    services.udev.extraRules = ''
      SUBSYSTEM=="accel", KERNEL=="accel[0-9]*", KERNELS=="rknn", GROUP="render", MODE="0660"
    '';
  };
}
