{ config, lib, ... }:
{
  options.services.npu.enable = lib.mkEnableOption "the NPU"
  config = lib.mkIf config.services.npu.enable { boot.kernelModules = [ "rknpu" ]; };
}
