# Calls a flake as Nix does, with inputs from where they are on this machine: no store, no network, no lock written.
#
# `nodes` = { KEY = { path, flake, nixpkgs, info, inputs = { NAME = KEY; }, told, names }; }: `path` is null for an input
# that is not here; `names` is then the set of attribute paths that the flake's files ask of it. `nixpkgs` says that the
# node is a nixpkgs, `serving` is the one that serves in its place where it is not here.
{
  nodes,
  root,
  serving,
}:
let
  results = builtins.mapAttrs result nodes;
  result =
    _: node:
    if node.path != null then
      call node
    else if node.nixpkgs then
      call (node // { path = serving; })
    else if doubles ? ${node.repository} then
      import doubles.${node.repository} {
        # That of a nixpkgs which the library's own input follows has `nixosSystem` in it.
        lib =
          if node.inputs ? nixpkgs-lib && nodes.${node.inputs.nixpkgs-lib}.nixpkgs then
            results.${node.inputs.nixpkgs-lib}.lib
          else
            import (serving + "/lib");
      }
      // node.info
    else
      import ./absent.nix { inherit node; };
  # Libraries that many flakes are written with.
  doubles = {
    "numtide/flake-utils" = ./doubles/flake-utils.nix;
    "hercules-ci/flake-parts" = ./doubles/flake-parts.nix;
  };

  call =
    node:
    let
      sourceInfo = node.info // {
        outPath = node.path;
      };
      inputs = builtins.mapAttrs (_: key: results.${key}) node.inputs;
      outputs = (import (node.path + "/flake.nix")).outputs (inputs // { self = flake; });
      flake =
        outputs
        // sourceInfo
        // {
          inherit inputs outputs sourceInfo;
          _type = "flake";
        };
    in
    if node.flake then flake else sourceInfo;
in
results.${root}
