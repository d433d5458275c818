# Kernels on which a stack of the NPU really has a driver.
#
# Vendor stack: every kernel package set (linuxPackages, linuxPackages_latest, linuxPackagesFor …) gets `rknpu`, the
# vendor's driver as an out-of-tree module built for that set's kernel. Not a kernel with ROCKCHIP_RKNPU switched on:
# no mainline release has that symbol. On old nixpkgs the setting vanishes without a word, on newer ones it is
# `error: unused option`, and the driver is missing either way.
#
# Mainline stack: `linuxPackages_rocket`, the latest kernel with rocket asked for by name. nixpkgs' own kernels from
# 6.18 on build it too, as a module, because every tristate symbol they do not mention becomes one; here it is an
# error of the build if the symbol were to go away, and not a node without /dev/accel/accel0.
final: prev:

let
  inherit (final) lib;
  latest = prev.linux_latest;
  first = "6.18"; # the first release with drivers/accel/rocket and with the NPU's nodes in its device trees
in
{
  kernelPackagesExtensions = prev.kernelPackagesExtensions ++ [
    (kernelPackages: _: { rknpu = kernelPackages.callPackage ../pkgs/rknn/driver.nix { }; })
  ];

  linux_rocket =
    lib.throwIf (lib.versionOlder latest.version first)
      "linux_rocket: linux_latest is ${latest.version} in this nixpkgs, and rocket is in Linux ${first} and later"
      (
        latest.override (original: {
          structuredExtraConfig = (original.structuredExtraConfig or { }) // {
            DRM_ACCEL = lib.kernel.yes;
            DRM_ACCEL_ROCKET = lib.kernel.module;
            # rocket depends on it: without an address space of its own the NPU is not opened.
            ROCKCHIP_IOMMU = lib.kernel.yes;
          };
        })
      );
  linuxPackages_rocket = final.linuxPackagesFor final.linux_rocket;
}
