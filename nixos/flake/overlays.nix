# Every overlay of ../overlays by the name of its file, and `default`: all of them, in their order.
{ lib }:

let
  isOverlay = name: _: lib.hasSuffix ".nix" name && name != "default.nix";
  files = lib.filterAttrs isOverlay (builtins.readDir ../overlays);
in
lib.mapAttrs' (file: _: {
  name = lib.removeSuffix ".nix" file;
  value = import (../overlays + "/${file}");
}) files
// {
  default = final: prev: lib.composeManyExtensions (import ../overlays) final prev;
}
