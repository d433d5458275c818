import ../_good/module.nix { }
