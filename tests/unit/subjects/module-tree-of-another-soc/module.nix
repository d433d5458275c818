{ pkgs, ... }:

{
  boot.kernelPackages = pkgs.linuxPackages_latest;
  hardware.graphics.enable = true;
  hardware.deviceTree.name = "rockchip/rk3399-rockpro64.dtb";
}
