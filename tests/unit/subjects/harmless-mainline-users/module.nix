{ config, lib, pkgs, ... }:
let
  cfg = config.services.npu;
in
{
  options.services.npu = {
    enable = lib.mkEnableOption "the NPU of RK3588 boards";
    users = lib.mkOption {
      type = lib.types.listOf lib.types.str;
      default = [ ];
      description = "Users who may use the NPU.";
    };
  };
  config = lib.mkIf cfg.enable {
    boot.kernelPackages = lib.mkDefault pkgs.linuxPackages_latest;
    hardware.graphics.enable = true;
    users.users = lib.genAttrs cfg.users (_: { extraGroups = [ "render" ]; });
  };
}
