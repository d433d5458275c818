# Orange Pi 5 Plus (RK3588), started by U-Boot in its SPI flash.
{ lib, pkgs, ... }:

{
  imports = [ ./hw-sbc.nix ];

  # Both stacks build on this series: its device trees are the first with the NPU's nodes, which rocket binds
  # and the vendor's overlay rewrites. Named, so that a new default of nixpkgs never changes the driver's ground.
  boot.kernelPackages = lib.mkDefault pkgs.linuxKernel.packages.linux_6_18;
  hardware.deviceTree.name = "rockchip/rk3588-orangepi-5-plus.dtb";

  boot.kernelParams = [
    "console=tty1"
    "console=ttyS2,1500000n8"
  ];
  # The root file system may be on an SD card, eMMC or NVMe.
  boot.initrd.availableKernelModules = [
    "dw_mmc_rockchip"
    "nvme"
    "phy_rockchip_naneng_combphy"
    "phy_rockchip_snps_pcie3"
    "sdhci_of_dwcmshc"
  ];
}
