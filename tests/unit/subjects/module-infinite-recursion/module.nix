{ config, lib, ... }:
{
  imports = lib.optional config.services.npu.enable ./device.nix;
  options.services.npu.enable = lib.mkEnableOption "the NPU";
}
