import ../_good/module.nix {
  driver =
    { config, ... }:
    {
      boot.extraModulePackages = [ (config.boot.kernelPackages.callPackage ../_good/packages/driver.nix { }) ];
      hardware.deviceTree = {
        enable = true;
        overlays = [
          {
            name = "rknpu";
            dtsText = ''
              #include <dt-bindings/clock/rockchip,rk3588-cru.h>
              #include <dt-bindings/interrupt-controller/arm-gic.h>
              /dts-v1/;
              /plugin/;
              / { compatible = "rockchip,rk3588"; };
              &rknn_core_0 {
                compatible = "rockchip,rk3588-rknpu";
                clocks = <&cru ACLK_NPU0>, <&cru HCLK_NPU0>;
                interrupts = <GIC_SPI 110 IRQ_TYPE_LEVEL_HIGH 0>;
                status = "okay";
              };
            '';
          }
        ];
      };
    };
}
