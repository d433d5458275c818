{ config, lib, ... }:

{
  options.hardware.npu.enable = lib.mkEnableOption "the NPU";
  config = lib.mkMerge [
    { networking.firewall.allowedTCPPorts = [ 8080 ]; }
    (lib.mkIf config.hardware.npu.enable {
      boot.kernelModules = [ "rocket" ];
      hardware.graphics.enable = true;
    })
  ];
}
