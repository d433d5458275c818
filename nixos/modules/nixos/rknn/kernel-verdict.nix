# Whether a kernel supports a stack: { refuse = [ … ]; doubt = [ … ]; }, as sentences for users.
#
# `refuse` holds what is known to fail, `doubt` what is unknown. If both are empty, the kernel is known to work.
{ lib }:
{
  kernel, # of kernel-facts.nix
  stack,
  package, # of the out-of-tree driver, or null
}:

let
  inherit (kernel) symbol label;
  is = name: lib.elem (symbol name) [ "y" "m" ];
  off = lib.filter (name: symbol name == "n");
  set = names: lib.concatMapStringsSep ", " (name: "${name}=${symbol name}") names;
  newer = "boot.kernelPackages = pkgs.linuxPackages_rocket (overlay linux-rknpu), pkgs.linuxPackages_latest or pkgs.linuxPackages_6_18";

  mainline =
    let
      without = off [
        "ARCH_ROCKCHIP"
        "DRM"
        "DRM_ACCEL"
        "DRM_ACCEL_ROCKET"
        "ROCKCHIP_IOMMU"
      ];
    in
    if !kernel.atLeast "6.18" && kernel.mayBringDriver then
      {
        doubt = [ "${label} is older than 6.18, the first release with rocket. It is unknown whether a patch in boot.kernelPatches adds it." ];
      }
    else if !kernel.atLeast "6.18" then
      { refuse = [ "${label} has no rocket driver: it is in Linux 6.18 and later. Set ${newer}." ]; }
    else if without != [ ] then
      {
        refuse = [ "${label} is configured with ${set without}, but rocket needs ${lib.concatStringsSep ", " without}. Remove that setting, or set ${newer}." ];
      }
    else if symbol "DRM_ACCEL" == "m" then
      { refuse = [ "${label} is configured with DRM_ACCEL=m, which is y or n and never a module: the kernel does not build." ]; }
    else if is "DRM_ACCEL_ROCKET" then
      { }
    else if kernel.isVendorTree then
      {
        doubt = [ "${label} looks like Rockchip's own kernel. It is unknown whether it has rocket. If it does not, set ${newer}, or set hardware.rknn.stack = \"vendor\"." ];
      }
    else if kernel.hasAutoModules && symbol "DRM_ACCEL" == "y" then
      { }
    else
      {
        doubt = [ "it is unknown whether ${label} is configured with DRM_ACCEL=y and DRM_ACCEL_ROCKET=m, which Linux has since 6.18." ];
      };

  # The kernel's own driver: only Rockchip's trees have one.
  builtIn =
    if is "ROCKCHIP_RKNPU" && kernel.isRelease then
      {
        refuse = [ "${label} is configured with ${set [ "ROCKCHIP_RKNPU" ]}, a symbol that no mainline kernel has, so there is no driver. Leave hardware.rknn.driver.package at its default (the out-of-tree module), or set boot.kernelPackages to Rockchip's kernel." ];
      }
    else if is "ROCKCHIP_RKNPU" then
      { }
    else if symbol "ROCKCHIP_RKNPU" == "n" then
      {
        refuse = [ "${label} is configured without ROCKCHIP_RKNPU, and hardware.rknn.driver.package is null, so there is no driver. Enable the symbol, or set hardware.rknn.driver.package." ];
      }
    else if kernel.isRelease then
      {
        refuse = [ "${label} is a mainline release, none of which has the rknpu driver, and hardware.rknn.driver.package is null. Leave that option at its default (the out-of-tree module), or set boot.kernelPackages to Rockchip's kernel." ];
      }
    else
      {
        doubt = [ "it is unknown whether ${label} has the rknpu driver (ROCKCHIP_RKNPU), and hardware.rknn.driver.package is null." ];
      };

  outOfTree =
    let
      without = off [
        "ARCH_ROCKCHIP"
        "DRM"
        "MODULES"
      ];
      minimum = package.minimumKernel or "0";
      builtFor = package.kernelVersion or kernel.version;
    in
    {
      refuse =
        lib.optional (is "ROCKCHIP_RKNPU" && !kernel.isRelease) "${label} has the rknpu driver itself (${set [ "ROCKCHIP_RKNPU" ]}), and a second one cannot load. Set hardware.rknn.driver.package = null."
        ++ lib.optional (is "ROCKCHIP_RKNPU" && kernel.isRelease) "${label} is configured with ${set [ "ROCKCHIP_RKNPU" ]}, a symbol that no mainline kernel has: the build fails, or ignores it. Remove that setting; the driver comes from hardware.rknn.driver.package."
        ++ lib.optional (without != [ ]) "${label} is configured with ${set without}: the out-of-tree rknpu module needs ${lib.concatStringsSep ", " without}."
        ++ lib.optional (!kernel.atLeast minimum) "the rknpu module of hardware.rknn.driver.package compiles with Linux ${minimum} and later, not with ${label}. Set boot.kernelPackages to a later one (pkgs.linuxPackages_6_18, pkgs.linuxPackages_latest), or to Rockchip's kernel with hardware.rknn.driver.package = null."
        ++ lib.optional (builtFor != kernel.version) "the rknpu module of hardware.rknn.driver.package is built for Linux ${builtFor} and does not load into ${label}. Take it from the same package set: pkgs.rknn.driverFor config.boot.kernelPackages.";
      doubt =
        lib.optional (symbol "ROCKCHIP_RKNPU" == null && kernel.isVendorTree) "${label} looks like Rockchip's own kernel, which usually has the rknpu driver. It is unknown whether this one does. If it does, set hardware.rknn.driver.package = null.";
    };
in
{
  refuse = [ ];
  doubt = [ ];
}
// (
  if stack == "mainline" then
    mainline
  else if package == null then
    builtIn
  else
    outOfTree
)
