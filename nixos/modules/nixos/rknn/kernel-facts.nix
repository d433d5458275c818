# What can be told of a kernel without building it: { version; name; isVendorTree; isRelease; hasPatch; symbol; }.
#
# `symbol NAME` is "y", "m", "n", or null where it cannot be told. A kernel is configured in many ways, and each
# leaves its trace in another place; asked in this order, the first that knows answers:
#   - the .config of linuxManualConfig and linuxPackages_custom, where it is a file that can be read now;
#   - their `config` attribute (`allowImportFromDerivation`, or written by hand);
#   - what boot.kernelPatches and `override { kernelPatches = …; }` add;
#   - the merged settings nixpkgs' generator works from (`configfile.structuredConfig`), its own defaults included;
#   - `structuredExtraConfig` and `extraConfig` as they were given.
# `kernel.config.isYes` and its kin are asked only whether something is set: for kernels of nixpkgs' generic builder
# they know CONFIG_MODULES and little else, and answer "no" to everything.
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
    map (one: { inherit (one) name; } // { has = one.patch or null != null; }) rawPatches
  );
  rawPatches = kernel.kernelPatches or [ ];
  ofPatches =
    name:
    let
      found = lib.filter (value: value != null) (map (one: ofGiven one name) rawPatches);
    in
    if found == [ ] then null else lib.last found;

  # A path of the sources can be read now, a derivation only after it was built. A string is left alone: reading what
  # it names may need either, and fails beyond catching where evaluation writes nothing to the store.
  configfile = kernel.configfile or null;
  text =
    if lib.isPath configfile then
      quietly "" (builtins.readFile configfile)
    else if lib.isAttrs configfile && configfile ? text then
      quietly "" configfile.text
    else
      "";
  lines = lib.splitString "\n" text;
  # A .config lists every symbol; what a short one leaves out is decided by the kernel's own defaults.
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
  inherit version name;
  inherit patches;
  label = "${name} ${version}";
  atLeast = lib.versionAtLeast version;
  # Whether a patch may bring an NPU driver along: it says so by its name, or comes with a driver's symbol and is
  # none of those nixpkgs puts on every kernel of a kind.
  mayBringDriver =
    let
      common = "bridge-stp-helper|request-key-helper|rt(-.*)?|.*hardened.*|export-.*|randstruct.*";
      asked = lib.any (name: lib.elem (symbol name) [ "y" "m" ]) [ "DRM_ACCEL_ROCKET" "ROCKCHIP_RKNPU" ];
      may =
        one:
        one.has
        && (says "rocket|rknpu|rknn|npu|accel|rockchip|rk35" [ one.name ] || asked && builtins.match common one.name == null);
    in
    lib.any may patches;
  # Names are all that tells Rockchip's own trees from others.
  isVendorTree =
    says "rockchip|rkbsp|rkr[0-9]|rk35|armbian|vendor|orangepi|xunlong|radxa" named
    && !says "mainline|collabora|torvalds|kernel[.]org" named;
  # A release of kernel.org, plain or as one of nixpkgs' variants (rt, hardened), with no driver patched in.
  isRelease =
    !isVendorTree
    && !mayBringDriver
    && (
      if urls == [ ] then
        builtins.match "linux([-_](lts|latest|rt|hardened|testing))?" name != null
      else
        says "mirror://kernel|kernel[.]org/|github[.]com/torvalds/" urls
    );
  # nixpkgs' generator makes a module of every tristate symbol nobody mentions.
  hasAutoModules = generated != { } && configfile.autoModules or true;
  symbol = first [
    ofFile
    ofAttribute
    ofPatches
    ofGenerator
    (ofGiven kernel)
  ];
}
