# Names that nixpkgs removed or renamed, with its explanation.
{ lib, final }:
lib.mapAttrs (name: reason: throw "'${name}' ${reason}") {
  nodejs_18 = "has been removed, as it has reached its end of life";
  python2 = "has been removed from nixpkgs";
  python38 = "has been removed as it reached its end of life";
  python39 = "has been removed as it reached its end of life";
  python310 = "has been removed as it reached its end of life";
  nix-linter = "has been removed, as it is unmaintained";
}
