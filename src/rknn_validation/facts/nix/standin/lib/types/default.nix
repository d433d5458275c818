# Option types.
{ lib }:
let
  load = file: import file { inherit lib; };
in
load ./core.nix // load ./basic.nix // load ./composed.nix // load ./submodule.nix
