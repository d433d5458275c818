# Orange Pi 5 Plus (RK3588), booted by U-Boot from its SPI flash.
{ lib, pkgs, ... }:

{
  imports = [ ./hw-sbc.nix ];

  # The first series whose device trees have the NPU's nodes, which rocket binds to and the vendor's overlay replaces.
  # Pinned, so that a new default of nixpkgs does not change the kernel under the driver.
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
