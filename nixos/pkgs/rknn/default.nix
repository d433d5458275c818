# Everything RKNN, grouped: pkgs.rknn.{runtime,toolkit-lite,python}, pkgs.rknn.driverFor kernelPackages.
{
  lib,
  callPackage,
  python312,
}:

let
  toolkit-lite = python312.pkgs.callPackage ./toolkit-lite.nix { };
in
lib.recurseIntoAttrs {
  runtime = callPackage ./runtime.nix { };
  inherit toolkit-lite;
  # An interpreter that can `import rknnlite.api`.
  python = python312.withPackages (_: [ toolkit-lite ]);
  driverFor = kernelPackages: kernelPackages.callPackage ./driver.nix { };
}
