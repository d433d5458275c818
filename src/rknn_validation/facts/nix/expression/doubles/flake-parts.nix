# A test double of hercules-ci/flake-parts, for flakes that use it where it could not be fetched: `flake`, `systems`,
# `perSystem` and imports. Options of other flake modules are accepted and have no effect.
{ lib }:
let
  collected = lib.mkOptionType {
    name = "definitions of one module a system";
    check = _: true;
    merge = _: map (one: one.value);
  };
  anything = lib.types.lazyAttrsOf lib.types.raw;
  perSystemOutputs = [
    "apps"
    "checks"
    "devShells"
    "legacyPackages"
    "packages"
  ];

  # The outputs of a flake for one system.
  outputsOf =
    system: flake:
    lib.mapAttrs (_: one: one.${system} or { }) (
      builtins.intersectAttrs (lib.genAttrs perSystemOutputs (_: null)) flake
    );

  mkFlake =
    args@{ inputs, ... }:
    module:
    let
      self = args.self or inputs.self;
      evaluated = lib.evalModules {
        class = "flake";
        specialArgs = {
          inherit inputs self flake-parts-lib;
        }
        // args.specialArgs or { };
        modules = [
          core
          module
        ];
      };
      core =
        { config, ... }:
        {
          _file = "flake-parts (a test double)";
          freeformType = anything;
          options = {
            systems = lib.mkOption {
              type = lib.types.listOf lib.types.str;
              default = [ ];
            };
            perSystem = lib.mkOption {
              type = collected;
              default = [ ];
            };
            flake = lib.mkOption {
              type = lib.types.submodule {
                freeformType = anything;
                options = lib.genAttrs [
                  "nixosConfigurations"
                  "nixosModules"
                  "overlays"
                ] (_: lib.mkOption {
                  type = anything;
                  default = { };
                });
              };
              default = { };
            };
          };
          config._module.args = {
            getSystem = system;
            withSystem = name: f: f (system name).allModuleArgs;
            moduleWithSystem = f: { pkgs, ... }@given: f (system pkgs.stdenv.hostPlatform.system).allModuleArgs given;
          };
        };
      system =
        name:
        let
          inner = lib.evalModules {
            class = "perSystem";
            specialArgs = {
              inherit inputs self;
            };
            modules = [
              {
                _file = "flake-parts (a test double)";
                freeformType = anything;
                options = lib.genAttrs perSystemOutputs (
                  _:
                  lib.mkOption {
                    type = anything;
                    default = { };
                  }
                );
                config._module.args = {
                  system = name;
                  pkgs = lib.mkDefault inputs.nixpkgs.legacyPackages.${name};
                  self' = outputsOf name self;
                  inputs' = lib.mapAttrs (_: outputsOf name) inputs;
                };
              }
            ]
            ++ evaluated.config.perSystem;
          };
        in
        inner.config
        // {
          allModuleArgs = inner.config._module.args // {
            inherit (inner) config;
            inherit inputs self;
          };
        };
      inherit (evaluated.config) systems;
    in
    lib.genAttrs perSystemOutputs (output: lib.genAttrs systems (name: (system name).${output}))
    // evaluated.config.flake;

  flake-parts-lib = {
    inherit mkFlake;
    mkPerSystemOption = module: lib.mkOption { type = lib.types.raw; default = module; };
    importApply = file: arguments: {
      _file = file;
      imports = [ (import file arguments) ];
    };
  };
in
{
  lib = flake-parts-lib;
  flakeModules = lib.genAttrs [
    "easyOverlay"
    "flakeModules"
    "modules"
    "partitions"
  ] (_: { });
}
