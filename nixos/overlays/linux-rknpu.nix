# Kernels with an NPU driver.
#
# Vendor stack: every kernel package set (linuxPackages, linuxPackages_latest, linuxPackagesFor …) gets `rknpu`, the
# vendor's driver as an out-of-tree module for that set's kernel. Setting ROCKCHIP_RKNPU would not help: no mainline
# release has that symbol. Old nixpkgs ignores the setting, newer nixpkgs fails with `error: unused option`.
#
# Mainline stack: `linuxPackages_rocket`, the latest kernel with rocket enabled by name. nixpkgs' own kernels since 6.18
# build it as well, because every tristate symbol that they do not set becomes a module. Here the build fails if the
# symbol is ever removed; otherwise only the missing /dev/accel/accel0 on a node would show it.
final: prev:

let
  inherit (final) lib;
  latest = prev.linux_latest;
  # The first release with drivers/accel/rocket, and with the NPU's nodes in its device trees.
  first = "6.18";
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
            # rocket depends on it: it opens the NPU only with an address space of its own.
            ROCKCHIP_IOMMU = lib.kernel.yes;
          };
        })
      );
  linuxPackages_rocket = final.linuxPackagesFor final.linux_rocket;
}
