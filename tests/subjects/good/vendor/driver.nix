# udev loads the module by the device tree's modalias.
{ cfg, config, lib, pkgs }:

{
  boot.extraModulePackages = [ (config.boot.kernelPackages.callPackage ./packages/driver.nix { }) ];
  hardware.deviceTree = {
    enable = true;
    overlays = [
      {
        name = "rknpu";
        dtsText = builtins.readFile ./rknpu.dts;
      }
    ];
  };
}
