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
  # A test brings its own hostPkgs.
  runTest = test: (import ./testing { inherit lib; hostPkgs = null; }).runTest test;
  evalTest = test: (import ./testing { inherit lib; hostPkgs = null; }).evalTest test;
}
