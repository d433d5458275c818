import ../_good/module.nix {
  driver = { config, ... }: {
    boot.extraModulePackages = [ (config.boot.kernelPackages.callPackage ../_good/packages/driver.nix { }) ];
    hardware.deviceTree = {
      enable = true;
      overlays = [
        {
          name = "rknpu";
          dtsFile = ./rknpu.dts;
        }
      ];
    };
  };
}
