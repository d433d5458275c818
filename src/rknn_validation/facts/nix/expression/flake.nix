# Calls a flake as Nix does, with inputs that are on this machine: without store, network, or writing a lock file.
#
# `nodes` = { KEY = { path, flake, nixpkgs, info, inputs = { NAME = KEY; }, told, names }; }: `path` is null for an
# input that is not on this machine; `names` is then the set of attribute paths that the flake's files read of it.
# `nixpkgs` says that the node is a nixpkgs, `serving` is the nixpkgs that takes its place where it is missing.
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
        # The lib of the nixpkgs that the input follows, because it has `nixosSystem`.
        lib =
          if node.inputs ? nixpkgs-lib && nodes.${node.inputs.nixpkgs-lib}.nixpkgs then
            results.${node.inputs.nixpkgs-lib}.lib
          else
            import (serving + "/lib");
      }
      // node.info
    else
      import ./absent.nix { inherit node; };
  # Libraries that many flakes use.
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
