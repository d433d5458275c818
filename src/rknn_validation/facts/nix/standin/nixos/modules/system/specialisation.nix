# Configurations that differ from this one in a few options.
{ lib, extendModules, ... }:
let
  inherit (lib) mkOption;
  declare = import ../../lib/declare.nix { inherit lib; };
in
{
  options.specialisation = declare.namedBy (local: {
    options = {
      inheritParentConfig = declare.on;
      configuration = mkOption {
        default = { };
        inherit
          (extendModules {
            modules = [ { boot.loader.grub.device = lib.mkOverride 0 ""; } ];
          })
          type
          ;
      };
    };
  });
}
