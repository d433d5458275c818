# x86_64 server: the common role, which does not enable the module there.
{
  imports = [
    ../profiles/hw-uefi-server.nix
    ../profiles/role-k3s-worker.nix
  ];

  nixpkgs.hostPlatform = "x86_64-linux";
}
