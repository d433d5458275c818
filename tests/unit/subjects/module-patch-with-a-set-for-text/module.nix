{ pkgs, ... }:

{
  boot.kernelPackages = pkgs.linuxPackages_latest;
  boot.kernelPatches = [
    {
      name = "accelerators";
      patch = null;
      extraConfig = { };
    }
  ];
  hardware.graphics.enable = true;
}
