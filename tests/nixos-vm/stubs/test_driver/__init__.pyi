# The interface of the NixOS test driver, as far as a testScript meets it: nixos/lib/test-driver in nixpkgs, 26.05.
