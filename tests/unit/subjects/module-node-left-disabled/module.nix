import ../_good/module.nix {
  driver = { config, ... }: {
    boot.extraModulePackages = [ (config.boot.kernelPackages.callPackage ../_good/packages/driver.nix { }) ];
    hardware.deviceTree.overlays = [
      {
        name = "rknpu";
        dtsText = builtins.replaceStrings [ "\"okay\"" ] [ "\"disabled\"" ] (builtins.readFile ../_good/rknpu.dts);
      }
    ];
  };
}
