# A module as many are written: it evaluates, and no NPU works under it.
{
  config,
  lib,
  pkgs,
  ...
}:

{
  options.services.npu.enable = lib.mkEnableOption "the NPU of RK3588 boards";

  config = lib.mkIf config.services.npu.enable {
    boot.kernelPatches = [
      {
        name = "rknpu";
        patch = null;
        structuredExtraConfig.ROCKCHIP_RKNPU = lib.kernel.yes;
      }
    ];
    boot.kernelModules = [ "rknpu" ];

    services.udev.extraRules = ''
      KERNEL=="rknpu*", MODE="0666"
    '';

    environment.systemPackages = [
      pkgs.rknn.runtime
      pkgs.rknn.python
    ];
    environment.variables.LD_LIBRARY_PATH = "${pkgs.rknn.runtime}/lib";
  };
}
