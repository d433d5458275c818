# The packages for RKNN: pkgs.rknn.{runtime,toolkit-lite,python,diagnostics,npu-driver},
# and pkgs.rknn.driverFor kernelPackages.
#
# Rockchip's own kernel is not packaged: its trees are not releases but branches of several gigabytes, and a fleet that
# needs one already has it. The module works with any that is set as boot.kernelPackages (driver.package = null).
{
  lib,
  callPackage,
  # Not python3: there are no wheels for CPython later than 3.12. Without python312 in nixpkgs, only the Python API is
  # missing.
  python312 ? null,
}:

let
  python =
    if python312 != null then
      python312
    else
      throw "rknn-toolkit-lite2 is published for CPython 3.7 to 3.12, and this nixpkgs has no python312. Add an overlay that takes python312 from an older nixpkgs, or set hardware.rknn.toolkitLite.enable = false";
  toolkit-lite = python.pkgs.callPackage ./toolkit-lite.nix { };
in
lib.recurseIntoAttrs {
  runtime = callPackage ./runtime.nix { };
  inherit toolkit-lite;
  # An interpreter that can `import rknnlite.api`.
  python = python.withPackages (_: [ toolkit-lite ]);
  diagnostics = callPackage ./diagnostics { };
  npu-driver = callPackage ./npu-driver.nix { };
  # With the overlay linux-rknpu, every kernel package set has the module, and may override it.
  driverFor =
    kernelPackages: kernelPackages.rknpu or (kernelPackages.callPackage ./driver.nix { });
}
