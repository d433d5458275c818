{ pkgs, ... }:

{
  boot.kernelPackages = pkgs.linuxPackages_latest;
  hardware.graphics.enable = true;
  hardware.deviceTree.name = "rockchip/rk3588-rock-5b.dtb";
}
