import ../_good/module.nix {
  driver =
    { config, ... }:
    {
      boot.extraModulePackages = [ (config.boot.kernelPackages.callPackage ./driver.nix { }) ];
      hardware.deviceTree = {
        enable = true;
        overlays = [
          {
            name = "rknpu";
            dtsText = builtins.readFile ../_good/rknpu.dts;
          }
        ];
      };
    };
}
