import ../_good/module.nix {
  more = { lib, ... }: {
    security = lib.mkMerge [ { sudo = { wheelNeedsPassword = lib.mkForce false; }; } ];
  };
}
