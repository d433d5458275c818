# Orange Pi 5 Plus, a worker like any other: NPU support comes with the common role.
{
  imports = [
    ../profiles/hw-orangepi5plus.nix
    ../profiles/role-k3s-worker.nix
  ];
}
