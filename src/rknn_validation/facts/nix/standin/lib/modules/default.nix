# The module system.
{ lib }:
let
  load = file: import file { inherit lib; };
in
load ./properties.nix
// load ./collect.nix
// load ./definitions.nix
// load ./merge.nix
// load ./option.nix
// load ./evaluate.nix
// load ./rename.nix
