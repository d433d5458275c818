{ pkgs, ... }:

{
  boot.kernelPackages = pkgs.linuxPackages_latest;
  hardware.graphics.enable = true;
  hardware.deviceTree = {
    enable = true;
    name = "rockchip/rk3588-rock-5b.dtb";
    filter = "rk3399*.dtb";
  };
}
