# NixOS VM tests: everything a test says is evaluated, its nodes' systems among it. None can be built here.
{ lib, hostPkgs }:

let
  evaluate =
    test:
    lib.evalModules {
      modules = [
        ./test.nix
        (lib.optionalAttrs (hostPkgs != null) { inherit hostPkgs; })
        test
      ];
      class = "nixosTest";
    };
in
{
  runTest = test: (evaluate test).config.result;
  evalTest = evaluate;
}
