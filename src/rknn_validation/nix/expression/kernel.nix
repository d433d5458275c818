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
field:
let
  option = name: { value = [ "boot" ] ++ name; };
  packages.packages = [
    "boot"
    "kernelPackages"
  ];
  of = name: read: field (option name) (given: read given.value);
  same = value: value;
  ofKernel =
    read:
    field packages (
      given:
      read (
        given.packages.kernel
          or (throw "boot.kernelPackages has no kernel: it takes a package set (pkgs.linuxPackagesFor kernel), not a kernel")
      )
    );
in
{
  paths = lib.genAttrs [
    "extraModulePackages"
    "kernelPackages"
  ] (name: [
    "boot"
    name
  ]);
  kernel = {
    version = ofKernel (kernel: kernel.version or "");
    pname = ofKernel (kernel: kernel.pname or (kernel.name or ""));
    package = ofKernel key;
    config = ofKernel (
      kernel:
      try.quietly { } (
        lib.foldl' (all: one: all // symbols one) (symbols kernel) (kernel.kernelPatches or [ ])
      )
    );
    modules = of [ "kernelModules" ] same;
    initrd_modules = of [ "initrd" "kernelModules" ] same;
    initrd_available_modules = of [ "initrd" "availableKernelModules" ] same;
    blacklisted = of [ "blacklistedKernelModules" ] same;
    extra_packages = of [ "extraModulePackages" ] keys;
    modprobe_config = of [ "extraModprobeConfig" ] same;
    params = of [ "kernelParams" ] same;
    patches = of [ "kernelPatches" ] (
      map (patch: {
        name = patch.name or "";
        has_patch = patch.patch or null != null;
        config = symbols patch;
      })
    );
  };
}
