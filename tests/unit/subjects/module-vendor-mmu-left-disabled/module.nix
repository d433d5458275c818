import ../_good/module.nix {
  driver = { config, ... }: {
    boot.extraModulePackages = [ (config.boot.kernelPackages.callPackage ../_good/packages/driver.nix { }) ];
    hardware.deviceTree = {
      enable = true;
      overlays = [
        {
          name = "rknpu";
          dtsText = ''
            /dts-v1/;
            /plugin/;
            / {
              compatible = "rockchip,rk3588";
            };
            &rknn_core_1 { status = "disabled"; };
            &rknn_core_2 { status = "disabled"; };
            &rknn_mmu_0 {
              reg = <0x0 0xfdab9000 0x0 0x100>,
                    <0x0 0xfdaba000 0x0 0x100>,
                    <0x0 0xfdaca000 0x0 0x100>,
                    <0x0 0xfdada000 0x0 0x100>;
              status = "disabled";
            };
            &rknn_core_0 {
              compatible = "rockchip,rk3588-rknpu";
              iommus = <&rknn_mmu_0>;
              status = "okay";
            };
          '';
        }
      ];
    };
  };
}
