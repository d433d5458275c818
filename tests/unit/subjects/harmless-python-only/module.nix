import ../_good/module.nix {
  library = _: { };
}
