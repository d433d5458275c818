# Everything RKNN, grouped: pkgs.rknn.{runtime,toolkit-lite,python,diagnostics}, pkgs.rknn.driverFor kernelPackages.
#
# No package of Rockchip's own kernel: its trees are no releases but branches of some gigabytes, and a fleet that
# needs one has it already. The module takes any that is set as boot.kernelPackages (driver.package = null).
{
  lib,
  callPackage,
  # Not python3: the wheels end at CPython 3.12, and nixpkgs' default goes on. Nobody else's python312 is needed for
  # the rest, so a nixpkgs that has dropped it lacks the Python API alone.
  python312 ? null,
}:

let
  python =
    if python312 != null then
      python312
    else
      throw "rknn-toolkit-lite2 is published for CPython 3.7 to 3.12, and this nixpkgs has no python312: take python312 from an older one (an overlay that sets it), or do without with hardware.rknn.toolkitLite.enable = false";
  toolkit-lite = python.pkgs.callPackage ./toolkit-lite.nix { };
in
lib.recurseIntoAttrs {
  runtime = callPackage ./runtime.nix { };
  inherit toolkit-lite;
  # An interpreter that can `import rknnlite.api`.
  python = python.withPackages (_: [ toolkit-lite ]);
  diagnostics = callPackage ./diagnostics { };
  # With the overlay linux-rknpu the module is part of every package set, and may have been overridden there.
  driverFor =
    kernelPackages: kernelPackages.rknpu or (kernelPackages.callPackage ./driver.nix { });
}
