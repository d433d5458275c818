# The module in the place of ./without.nix.
{
  disabledModules = [ ./without.nix ];
  imports = [ ../../../nixos/modules/nixos/rknn.nix ];
}
