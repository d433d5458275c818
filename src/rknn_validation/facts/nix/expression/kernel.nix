# `boot` as data for Kernel (configuration.py).
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
    # mkForce, mkDefault and the like.
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
  text = value: if lib.isString value then value else "";
  symbols =
    set:
    # A kernel with a .config of its own never evaluates its `extraConfig`, which may be of any type.
    lines (text (set.extraConfig or ""))
    // lib.mapAttrs (_: show) (set.structuredExtraConfig or (set.extraStructuredConfig or { }));

  # The symbols that are read of nixpkgs' generator, which knows thousands.
  asked = [
    "ARCH_ROCKCHIP"
    "DRM_ACCEL"
    "DRM_ACCEL_ROCKET"
    "ROCKCHIP_IOMMU"
    "ROCKCHIP_RKNPU"
    "ROCKCHIP_RKNPU_DMA_HEAP"
    "ROCKCHIP_RKNPU_DRM_GEM"
  ];
  # Where a value comes from: the path of a file, or the addresses a derivation was fetched from.
  origin =
    value:
    if lib.isPath value || lib.isString value then
      builtins.unsafeDiscardStringContext (toString value)
    else
      toString (value.urls or (value.url or (value.name or "")));
  patch = one: {
    name = one.name or "";
    has_patch = one.patch or null != null;
    config = symbols one;
    source = try.quietly "" (origin (one.patch or ""));
  };
  # What is known of the .config before anything is built: linuxManualConfig takes a file, buildLinux generates it.
  making =
    kernel:
    let
      file = kernel.configfile or null;
      generated = file.structuredConfig or (file.moduleStructuredConfig.settings or null);
      known = lib.filter (name: generated ? ${name}) asked;
    in
    try.quietly null {
      release = text (kernel.modDirVersion or "");
      is_generated = generated != null;
      file = if file == null || generated != null then null else try.quietly "" (origin file);
      text = if lib.isAttrs file && generated == null && lib.isString (file.text or null) then file.text else null;
      settings = try.quietly { } (lib.genAttrs known (name: show generated.${name}));
      auto_modules = try.quietly true (file.autoModules or true != false && toString (file.autoModules or true) != "");
      base = try.quietly "" (text (file.kernelBaseConfig or ""));
      patches = try.quietly [ ] (map patch (kernel.kernelPatches or [ ]));
    };
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
  patches = map patch boot.kernelPatches;
  making = making kernel;
}
