import ../_good/module.nix {
  driver = { config, ... }: {
    boot.extraModulePackages = [ (config.boot.kernelPackages.callPackage ../_good/packages/driver.nix { }) ];
    hardware.deviceTree = {
      enable = true;
      overlays = [
        {
          name = "rknpu";
          dtsText = builtins.replaceStrings [ "&rknn_core_0" ] [ "&rknn_core0" ] (
            builtins.readFile ../_good/rknpu.dts
          );
        }
      ];
    };
  };
}
