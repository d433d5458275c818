import ../_good/module.nix {
  library = _: { };
  python = _: { };
}
