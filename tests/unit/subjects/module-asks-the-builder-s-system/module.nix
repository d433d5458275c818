import ../_good/module.nix {
  more = { lib, ... }: {
    warnings = lib.optional ((builtins.currentSystem or "") == "i686-linux") "Built on an old machine.";
  };
}
