import ../_good/module.nix {
  more = _: { warnings = [ "" ]; };
}
