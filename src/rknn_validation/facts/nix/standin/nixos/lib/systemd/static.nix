# Options of units. This file is a value: Nix reads it once for all configurations of a batch.
let
  lib = import ../../../lib;
  declared = options: { inherit options; };
  nothing = throw "options of units depend on no configuration";
  arguments = {
    inherit lib;
    pkgs = nothing;
    config = nothing;
  };
in
{
  service = lib.mapAttrs (_: declared) (import ./service.nix arguments).options;
  kinds = lib.mapAttrs (_: lib.mapAttrs (_: declared)) (import ./kinds.nix arguments).options;
  concrete = declared (import ./common.nix arguments).concrete.options;
}
