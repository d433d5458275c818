import ../_good/module.nix {
  # The driver is left to the kernel.
  driver = _: { };
}
