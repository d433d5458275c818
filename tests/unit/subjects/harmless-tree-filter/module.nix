import ../_good/module.nix {
  driver = { config, ... }: {
    boot.extraModulePackages = [ (config.boot.kernelPackages.callPackage ../_good/packages/driver.nix { }) ];
    hardware.deviceTree = {
      enable = true;
      filter = "rk3588*.dtb";
      overlays = [
        {
          name = "rknpu";
          dtsText = builtins.readFile ../_good/rknpu.dts;
        }
      ];
    };
  };
}
