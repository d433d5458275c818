import ../_good/module.nix {
  driver = { config, ... }: {
    boot.extraModulePackages = [ (config.boot.kernelPackages.callPackage ../_good/packages/driver.nix { }) ];
    hardware.deviceTree = {
      enable = true;
      overlays = [
        {
          name = "rknpu";
          dtsText = builtins.replaceStrings [ "rk3588-rknpu" ] [ "rk3588-npu" ] (
            builtins.readFile ../_good/rknpu.dts
          );
        }
      ];
    };
  };
}
