# A test double of numtide/flake-utils, for flakes that use it where it could not be fetched.
{ lib }:
let
  defaultSystems = [
    "aarch64-linux"
    "aarch64-darwin"
    "x86_64-darwin"
    "x86_64-linux"
  ];
  # Each system's outputs, turned inside out: output -> system -> value.
  eachSystem =
    systems: f:
    lib.foldl' (
      all: system:
      all
      // lib.mapAttrs (
        name: value:
        (all.${name} or { })
        // {
          ${system} = value;
        }
      ) (f system)
    ) { } systems;
  eachSystemMap = systems: f: lib.genAttrs systems f;
in
{
  lib = {
    inherit defaultSystems eachSystem eachSystemMap;
    allSystems = lib.systems.flakeExposed;
    eachDefaultSystem = eachSystem defaultSystems;
    eachDefaultSystemMap = eachSystemMap defaultSystems;
    eachSystemPassThrough = systems: f: lib.foldl' (all: system: all // f system) { } systems;
    eachDefaultSystemPassThrough =
      f: lib.foldl' (all: system: all // f system) { } defaultSystems;
    system = lib.genAttrs lib.systems.flakeExposed lib.id;
    flattenTree = tree: lib.filterAttrs (_: lib.isDerivation) tree;
    filterPackages = _: lib.filterAttrs (_: lib.isDerivation);
    meld = inputs: lib.foldl' (all: file: lib.recursiveUpdate all (import file inputs)) { };
    mkApp =
      {
        drv,
        name ? drv.pname or drv.name,
        exePath ? drv.passthru.exePath or "/bin/${name}",
      }:
      {
        type = "app";
        program = "${drv}${exePath}";
      };
  };
}
