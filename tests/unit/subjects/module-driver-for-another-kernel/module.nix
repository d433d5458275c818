import ../_good/module.nix {
  driver = { pkgs, ... }: {
    boot.kernelPackages = pkgs.linuxPackages_latest;
    boot.extraModulePackages = [ (pkgs.linuxPackages_6_12.callPackage ../_good/packages/driver.nix { }) ];
    hardware.deviceTree.overlays = [
      {
        name = "rknpu";
        dtsText = builtins.readFile ../_good/rknpu.dts;
      }
    ];
  };
}
