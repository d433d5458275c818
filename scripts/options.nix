# The options of this repository's module, as data: [ { name, type, default, example, description } ].
{ nixpkgs }:

let
  lib = import (nixpkgs + "/lib");
  system = import (nixpkgs + "/nixos/lib/eval-config.nix") {
    system = null;
    modules = [
      ../nixos/modules/nixos/rknn.nix
      {
        nixpkgs.hostPlatform = "aarch64-linux";
        nixpkgs.overlays = lib.toList (import ../nixos/overlays/rknn-packages.nix);
      }
    ];
  };
  shown = lib.filter (one: (one.visible or true) != false && !(one.internal or false)) (
    lib.collect lib.isOption system.options.hardware.rknn
  );
  # A text that stands for a value is shown as it is; a value becomes { value = ...; }.
  written =
    option: name:
    if option ? "${name}Text" then
      option."${name}Text"
    else if !(option ? ${name}) then
      null
    else if option.${name}._type or null != null then
      option.${name}
    else
      { value = option.${name}; };
in
map (option: {
  name = lib.showOption option.loc;
  type = option.type.description;
  default = written option "default";
  example = written option "example";
  inherit (option) description;
}) shown
