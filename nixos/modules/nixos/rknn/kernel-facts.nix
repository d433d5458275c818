# What is known of a kernel before it is built: its version, name, patches, origin and configuration.
#
# `symbol NAME` is "y", "m", "n", or null if unknown. A kernel can be configured in many ways. These places are searched
# in order, and the first that has the symbol decides:
#   - the .config of linuxManualConfig and linuxPackages_custom, where it is a file that can be read now;
#   - their `config` attribute (`allowImportFromDerivation`, or written by hand);
#   - what boot.kernelPatches and `override { kernelPatches = …; }` add;
#   - the merged settings that nixpkgs' generator works from (`configfile.structuredConfig`), its own defaults included;
#   - the kernel's own `structuredExtraConfig` and `extraConfig`.
# Of `kernel.config.isYes` and the like only `isSet` is used: for kernels of nixpkgs' generic builder they know little
# more than CONFIG_MODULES, and answer "no" to everything else.
{ lib }:
kernel:

let
  quietly =
    default: value:
    let
      tried = builtins.tryEval (builtins.deepSeq value value);
    in
    if tried.success then tried.value else default;

  words = {
    y = "y";
    yes = "y";
    m = "m";
    module = "m";
    n = "n";
    no = "n";
  };
  letter =
    value:
    if lib.isString value then
      words.${value} or null
    else if lib.isAttrs value && value ? content then
      letter value.content
    else if lib.isAttrs value then
      letter (if value.tristate or null == null then "" else value.tristate)
    else
      null;

  # Lines such as "DRM_ACCEL y", in `extraConfig` of kernels and patches.
  inText =
    text: name:
    let
      found = lib.concatMap (
        line:
        let
          hit = builtins.match "[[:space:]]*(CONFIG_)?${name}[?]?[[:space:]=]+(yes|module|no|y|m|n)[[:space:]]*" line;
        in
        lib.optional (hit != null) (lib.elemAt hit 1)
      ) (lib.splitString "\n" text);
    in
    if found == [ ] then null else words.${lib.last found};

  settings = one: one.structuredExtraConfig or (one.extraStructuredConfig or { });
  ofGiven =
    one: name:
    let
      structured = quietly null (letter ((settings one).${name} or null));
    in
    if structured != null then structured else inText (quietly "" (one.extraConfig or "")) name;

  patches = quietly [ ] (
    map (one: {
      inherit (one) name;
      has = one.patch or null != null;
    }) rawPatches
  );
  rawPatches = kernel.kernelPatches or [ ];
  ofPatches =
    name:
    let
      found = lib.filter (value: value != null) (map (one: ofGiven one name) rawPatches);
    in
    if found == [ ] then null else lib.last found;

  # A path can be read now, a derivation only after it was built. A file named by a string is not read: that may need a
  # build, and tryEval does not catch the error where evaluation cannot write to the store.
  configfile = kernel.configfile or null;
  text =
    if lib.isPath configfile then
      quietly "" (builtins.readFile configfile)
    else if lib.isAttrs configfile && configfile ? text then
      quietly "" configfile.text
    else
      "";
  lines = lib.splitString "\n" text;
  # A whole .config lists every symbol; in a short one, the kernel's own defaults apply to the others.
  isWhole = count: count > 1000;
  ofFile =
    name:
    if lib.elem "CONFIG_${name}=y" lines then
      "y"
    else if lib.elem "CONFIG_${name}=m" lines then
      "m"
    else if lib.elem "# CONFIG_${name} is not set" lines || lib.elem "CONFIG_${name}=n" lines then
      "n"
    else if text != "" && isWhole (lib.length lines) then
      "n"
    else
      null;

  config = quietly { } (lib.mapAttrs (_: lib.isString) (kernel.config or { }));
  ofAttribute =
    name:
    let
      key = "CONFIG_${name}";
    in
    if config ? ${key} then
      letter (kernel.config.${key})
    else if isWhole (lib.length (lib.attrNames config)) then
      "n"
    else if config ? isSet && config ? getValue && quietly false (kernel.config.isSet name) then
      letter (quietly null (kernel.config.getValue name))
    else
      null;

  generated =
    configfile.structuredConfig or (configfile.moduleStructuredConfig.settings
      or (kernel.moduleStructuredConfig.settings or { })
    );
  ofGenerator = name: quietly null (letter (generated.${name} or null));

  first = list: name: lib.findFirst (value: value != null) null (map (ask: ask name) list);

  version = kernel.version or "0";
  name = kernel.pname or (kernel.name or "linux");
  urls = quietly [ ] (
    lib.filter lib.isString (lib.toList (kernel.src.urls or [ ]) ++ [ (kernel.src.url or null) ])
  );
  says = words: lib.any (text: builtins.match ".*(${words}).*" (lib.toLower text) != null);
  named = [
    name
    version
    (kernel.modDirVersion or "")
  ]
  ++ urls;
in
rec {
  inherit version;
  label = "${name} ${version}";
  atLeast = lib.versionAtLeast version;
  # Whether a patch may add an NPU driver: by its name, or because a driver's symbol is set and the patch is none of
  # those that nixpkgs adds to every kernel of a kind.
  mayBringDriver =
    let
      common = "bridge-stp-helper|request-key-helper|rt(-.*)?|.*hardened.*|export-.*|randstruct.*";
      asked = lib.any (name: lib.elem (symbol name) [ "y" "m" ]) [ "DRM_ACCEL_ROCKET" "ROCKCHIP_RKNPU" ];
      may =
        one:
        one.has
        && (
          says "rocket|rknpu|rknn|npu|accel|rockchip|rk35" [ one.name ]
          || asked && builtins.match common one.name == null
        );
    in
    lib.any may patches;
  # Rockchip's own trees can only be recognised by their names.
  isVendorTree =
    says "rockchip|rkbsp|rkr[0-9]|rk35|armbian|vendor|orangepi|xunlong|radxa" named
    && !says "mainline|collabora|torvalds|kernel[.]org" named;
  # A release of kernel.org, or one of nixpkgs' variants of it (rt, hardened), without a patch that adds a driver.
  isRelease =
    !isVendorTree
    && !mayBringDriver
    && (
      if urls == [ ] then
        builtins.match "linux([-_](lts|latest|rt|hardened|testing))?" name != null
      else
        says "mirror://kernel|kernel[.]org/|github[.]com/torvalds/" urls
    );
  # nixpkgs' generator makes a module of every tristate symbol that nobody sets.
  hasAutoModules = generated != { } && configfile.autoModules or true;
  symbol = first [
    ofFile
    ofAttribute
    ofPatches
    ofGenerator
    (ofGiven kernel)
  ];
}
