# Everything RKNN, grouped: pkgs.rknn.{runtime,toolkit-lite,python,diagnostics}, pkgs.rknn.driverFor kernelPackages.
#
# No package of Rockchip's own kernel: its trees are no releases but branches of some gigabytes, and a fleet that
# needs one has it already. The module takes any that is set as boot.kernelPackages (driver.package = null).
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
  diagnostics = callPackage ./diagnostics { };
  # With the overlay linux-rknpu the module is part of every package set, and may have been overridden there.
  driverFor =
    kernelPackages: kernelPackages.rknpu or (kernelPackages.callPackage ./driver.nix { });
}
