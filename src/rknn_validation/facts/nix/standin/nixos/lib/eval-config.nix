# Evaluates a NixOS configuration; takes what nixpkgs' file of this name takes.
evalConfigArgs@{
  system ? builtins.currentSystem,
  pkgs ? null,
  lib ? import ../../lib,
  baseModules ? import ../modules/module-list.nix,
  extraModules ? [ ],
  modules,
  modulesLocation ? (builtins.unsafeGetAttrPos "modules" evalConfigArgs).file or null,
  specialArgs ? { },
  extraArgs ? { },
  check ? true,
  prefix ? [ ],
}:
let
  opaque = import ../../opaque.nix;
  # Names that the stand-in is known to lack, see opaque.nix.
  missing = opaque.told;
  platform = {
    _file = toString ./eval-config.nix;
    key = toString ./eval-config.nix;
    config = lib.mkMerge [
      (lib.optionalAttrs (system != null) { nixpkgs.system = lib.mkDefault system; })
      (lib.optionalAttrs (pkgs != null) { nixpkgs.pkgs = pkgs; })
      {
        _module.args = extraArgs // {
          inherit baseModules extraModules modules;
          noUserModules = evaluate [ ];
        };
        _module.check = lib.mkDefault check;
      }
    ];
  };
  evaluate =
    userModules:
    lib.evalModules (
      {
        inherit prefix;
        class = "nixos";
        modules = baseModules ++ extraModules ++ [ platform ] ++ userModules;
        specialArgs =
          lib.optionalAttrs (missing.functions != { }) {
            lib = opaque.complete "lib." lib missing.functions;
          }
          // {
            modulesPath = toString ../modules;
          }
          // specialArgs;
      }
      # With nixpkgs' own library below these modules, nothing is left open.
      // lib.optionalAttrs (builtins.functionArgs lib.evalModules ? _beside) { _beside = missing; }
    );
  complete =
    evaluated:
    evaluated
    // {
      inherit lib extraArgs;
      inherit (evaluated._module.args) pkgs;
      extendModules = extension: complete (evaluated.extendModules extension);
    };
in
complete (
  evaluate (
    if modulesLocation == null then
      modules
    else
      map (lib.setDefaultModuleLocation modulesLocation) modules
  )
)
