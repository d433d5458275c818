import ../_good/module.nix {
  driver = _: { };
  python = _: { };
}
