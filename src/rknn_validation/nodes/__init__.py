"""Ways to reach a node: the console of an emulated board, the NixOS test driver, SSH."""
