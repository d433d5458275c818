# The stand-in for nixpkgs: a test double with nixpkgs' entry paths, for machines without nixpkgs. It can be evaluated,
# but nothing can be built. Reports always name it.
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
  # Packages of nixpkgs that the stand-in is known to lack.
  missing = opaque.told.packages;
in
import ./pkgs {
  lib = import ./lib;
  inherit localSystem crossSystem config;
  overlays =
    (if missing == { } then [ ] else [ (opaque.overlay missing) ]) ++ overlays ++ crossOverlays;
}
