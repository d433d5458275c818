# x86_64 server: the common role where the module cannot even be enabled.
{
  imports = [
    ../profiles/hw-uefi-server.nix
    ../profiles/role-k3s-worker.nix
  ];

  nixpkgs.hostPlatform = "x86_64-linux";
}
