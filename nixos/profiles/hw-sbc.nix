# A single-board computer: U-Boot reads an extlinux menu and loads kernel, initrd and device tree from it.
{ lib, ... }:

{
  nixpkgs.hostPlatform = lib.mkDefault "aarch64-linux";

  boot.loader = {
    grub.enable = false;
    generic-extlinux-compatible = {
      enable = true;
      # Small boot media; still enough to roll back to.
      configurationLimit = lib.mkDefault 5;
    };
  };

  hardware.enableRedistributableFirmware = true;

  fileSystems."/" = {
    device = lib.mkDefault "/dev/disk/by-label/NIXOS_SD";
    fsType = lib.mkDefault "ext4";
    options = [ "noatime" ];
  };
}
