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
              compatible = "xunlong,orangepi-5", "rockchip,rk3588s";
            };
            &{/} {
              npu@fdab0000 {
                compatible = "rockchip,rk3588-rknpu";
                status = "okay";
              };
            };
          '';
        }
      ];
    };
  };
}
