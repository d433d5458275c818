# Orange Pi 5 Plus, by the role that only NPU nodes import; its root is on NVMe.
{
  imports = [
    ../profiles/hw-orangepi5plus.nix
    ../profiles/role-k3s-worker-npu.nix
  ];

  fileSystems."/".device = "/dev/disk/by-label/nixos";
}
