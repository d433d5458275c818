# The NixOS modules: the module itself, and each profile by the name of its file.
{ lib, overlay }:

let
  profiles = lib.filterAttrs (name: _: lib.hasSuffix ".nix" name) (builtins.readDir ../profiles);
  # Sets and not paths, because `nix flake check` of Nix 2.8 rejects paths. The path inside identifies the module, so
  # that importing it twice is no conflict.
  module = path: { imports = [ path ]; };
in
lib.mapAttrs' (file: _: {
  name = lib.removeSuffix ".nix" file;
  value = module (../profiles + "/${file}");
}) profiles
// rec {
  # Needs pkgs.rknn from the overlay; `default` brings it.
  rknn = module ../modules/nixos/rknn.nix;
  # Builds upon `rknn`, and brings it.
  rknn-node-driver = {
    imports = [
      rknn
      ../modules/nixos/rknn-node-driver.nix
    ];
  };
  default = {
    imports = [ rknn ];
    nixpkgs.overlays = [ overlay ];
  };
}
