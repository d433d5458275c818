# Raspberry Pi 4 B: the common role on an aarch64 board without the NPU.
{
  imports = [
    ../profiles/hw-raspberrypi4.nix
    ../profiles/role-k3s-worker.nix
  ];
}
