# Orange Pi 5 Plus with the role that only NPU nodes import, and its root file system on NVMe.
{
  imports = [
    ../profiles/hw-orangepi5plus.nix
    ../profiles/role-k3s-worker-npu.nix
  ];

  fileSystems."/".device = "/dev/disk/by-label/nixos";
}
