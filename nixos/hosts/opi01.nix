# Orange Pi 5 Plus: NPU support comes with the common role.
{
  imports = [
    ../profiles/hw-orangepi5plus.nix
    ../profiles/role-k3s-worker.nix
  ];
}
