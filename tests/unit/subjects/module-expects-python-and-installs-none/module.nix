import ../_good/module.nix {
  python = _: { };
}
