# The stand-in for nixpkgs: a test double with nixpkgs' entry paths, for machines without nixpkgs.
# It evaluates; nothing it describes can be built. It is never sold as nixpkgs.
args@{
  localSystem ? {
    system = args.system or builtins.currentSystem;
  },
  system ? localSystem.system or builtins.currentSystem,
  crossSystem ? null,
  config ? { },
  overlays ? [ ],
  crossOverlays ? [ ],
  ...
}:
let
  opaque = import ./opaque.nix;
  # Packages of nixpkgs that are known to be missing here.
  missing = opaque.told.packages;
in
import ./pkgs {
  lib = import ./lib;
  inherit localSystem crossSystem config;
  overlays =
    (if missing == { } then [ ] else [ (opaque.overlay missing) ]) ++ overlays ++ crossOverlays;
}
