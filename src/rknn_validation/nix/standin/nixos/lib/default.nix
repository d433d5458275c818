# `import (nixpkgs + "/nixos/lib") { inherit lib; }`
{
  lib ? import ../../lib,
  ...
}:
{
  evalModules =
    args:
    lib.evalModules (
      args
      // {
        class = "nixos";
        specialArgs = {
          modulesPath = toString ../modules;
        }
        // args.specialArgs or { };
      }
    );
  runTest = _: throw "the stand-in for nixpkgs cannot run NixOS tests; use the flake with the real nixpkgs";
  evalTest = _: throw "the stand-in for nixpkgs cannot run NixOS tests; use the flake with the real nixpkgs";
}
