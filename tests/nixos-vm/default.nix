# NixOS tests of this repository's module: a NixOS virtual machine with a board's identity, and the harness's node
# checks.
#
# `nix build .#nixos-test-udev -L` builds and runs one; docs/nixos-tests.md describes each. The guest is always aarch64.
{
  pkgs,
  harness,
  ...
}:

let
  nodeTest = import ./nix/test.nix { inherit pkgs harness; };
in
{
  udev = import ./udev.nix { inherit nodeTest; };
  library-path = import ./library-path.nix { inherit nodeTest; };
  guard = import ./guard.nix { inherit nodeTest; };
  k3s = import ./k3s.nix { inherit pkgs harness; };
  module-off = import ./module-off.nix { inherit nodeTest; };
}
