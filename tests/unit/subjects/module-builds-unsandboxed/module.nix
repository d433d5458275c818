import ../_good/module.nix {
  more = _: { nix.settings.sandbox = false; };
}
