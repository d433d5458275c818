# boot.* -> the data a Kernel is made of.
{
  lib,
  try,
  key,
  keys,
}:

let
  show =
    value:
    if !lib.isAttrs value then
      toString value
    # mkForce, mkDefault and their kin.
    else if value ? _type && value ? content then
      show value.content
    else
      toString (value.tristate or (value.freeform or ""));
  # `extraConfig` holds lines such as "ROCKCHIP_RKNPU m".
  lines =
    text:
    lib.listToAttrs (
      lib.concatMap (
        line:
        let
          words = builtins.match "[[:space:]]*(CONFIG_)?([A-Z0-9_]+)[?]?[[:space:]=]+(.+)" line;
        in
        lib.optional (words != null) (lib.nameValuePair (lib.elemAt words 1) (lib.trim (lib.elemAt words 2)))
      ) (lib.splitString "\n" text)
    );
  symbols =
    set:
    lines (set.extraConfig or "")
    // lib.mapAttrs (_: show) (set.structuredExtraConfig or (set.extraStructuredConfig or { }));
in
boot:
let
  kernel =
    boot.kernelPackages.kernel
      or (throw "boot.kernelPackages has no kernel: it takes a package set (pkgs.linuxPackagesFor kernel), not a kernel");
in
{
  version = kernel.version or "";
  pname = kernel.pname or (kernel.name or "");
  package = key kernel;
  config = try.quietly { } (
    lib.foldl' (all: one: all // symbols one) (symbols kernel) (kernel.kernelPatches or [ ])
  );
  modules = boot.kernelModules;
  initrd_modules = boot.initrd.kernelModules;
  initrd_available_modules = boot.initrd.availableKernelModules;
  blacklisted = boot.blacklistedKernelModules;
  extra_packages = keys boot.extraModulePackages;
  modprobe_config = boot.extraModprobeConfig;
  params = boot.kernelParams;
  patches = map (patch: {
    name = patch.name or "";
    has_patch = patch.patch or null != null;
    config = symbols patch;
  }) boot.kernelPatches;
}
