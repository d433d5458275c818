import ../_good/module.nix {
  more = _: { nixpkgs.config.allowUnfreePredicate = _: true; };
}
