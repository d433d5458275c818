import ../_good/module.nix {
  driver =
    { config, ... }:
    {
      boot.extraModulePackages = [ (config.boot.kernelPackages.callPackage ../_good/packages/driver.nix { }) ];
      hardware.deviceTree = {
        enable = true;
        overlays = [
          {
            name = "npu-off";
            dtsText = ''
              /dts-v1/;
              /plugin/;
              / { compatible = "rockchip,rk3588"; };
              &rknn_core_0 { status = "disabled"; };
            '';
          }
        ];
      };
    };
}
