# Ampere Altra server: the common role on an aarch64 machine without a device tree.
{
  imports = [
    ../profiles/hw-uefi-server.nix
    ../profiles/role-k3s-worker.nix
  ];

  nixpkgs.hostPlatform = "aarch64-linux";
}
