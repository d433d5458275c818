# NixOS tests: the repository's module on a NixOS machine that says it is the board, asked the harness's node checks.
#
# `nix build .#nixos-test-udev -L` builds and runs one; docs/nixos-tests.md says what each shows. The guest is
# aarch64 whatever machine it is emulated on.
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
  module-off = import ./module-off.nix { inherit nodeTest; };
}
