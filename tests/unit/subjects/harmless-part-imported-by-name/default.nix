{
  imports = [
    (import ../_good/module.nix { python = _: { }; })
    (./. + "/python.nix")
  ];
}
