# The names of a flake's hosts.
{ nixpkgs, request }:
let
  asked = builtins.fromJSON (builtins.readFile request);
  flake = import ./flake.nix {
    inherit (asked.graph) nodes root;
    serving = nixpkgs;
  };
  known = builtins.concatStringsSep ", " (builtins.attrNames flake.outputs);
in
builtins.attrNames (flake.nixosConfigurations
  or (throw "${asked.reference} has no nixosConfigurations; it has ${known}")
)
