{
  config,
  lib,
  pkgs,
  ...
}:

{
  options.hardware.npu.enable = lib.mkEnableOption "the NPU";
  config =
    lib.mkIf
      (
        config.hardware.npu.enable
        && pkgs.stdenv.hostPlatform.isAarch64
        && builtins.match "rockchip/rk3588s?-.*" (toString config.hardware.deviceTree.name) != null
      )
      {
        boot.kernelModules = [ "rocket" ];
        hardware.graphics.enable = true;
      };
}
