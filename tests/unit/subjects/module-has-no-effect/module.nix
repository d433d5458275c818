{ config, lib, pkgs, ... }:
{
  options.services.npu.enable = lib.mkEnableOption "the NPU";
  config = lib.mkIf (config.services.npu.enable && !pkgs.stdenv.hostPlatform.isAarch64) {
    services.udev.extraRules = ''
      SUBSYSTEM=="misc", KERNEL=="rknpu", GROUP="render", MODE="0660"
    '';
  };
}
