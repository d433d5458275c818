# Options of units. This file is a value: Nix reads it once for all configurations of a batch.
let
  lib = import ../../../lib;
  nothing = throw "options of units depend on no configuration";
  arguments = {
    inherit lib;
    pkgs = nothing;
    config = nothing;
  };
  once = lib.declareOnceFor ./static.nix;
in
{
  service = lib.mapAttrs (_: once) (import ./service.nix arguments).options;
  kinds = lib.mapAttrs (_: lib.mapAttrs (_: once)) (import ./kinds.nix arguments).options;
  concrete = once (import ./common.nix arguments).concrete.options;
}
