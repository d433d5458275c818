# Raspberry Pi 4 B: the same architecture, without the NPU.
{
  imports = [ ./hw-sbc.nix ];

  hardware.deviceTree.name = "broadcom/bcm2711-rpi-4-b.dtb";

  boot.kernelParams = [
    "console=tty1"
    "console=ttyS1,115200n8"
  ];
  boot.initrd.availableKernelModules = [
    "pcie_brcmstb"
    "reset_raspberrypi"
    "usb_storage"
    "usbhid"
    "xhci_pci"
  ];
}
