# Kernels and their package sets.
{ lib, final }:
let
  facts = import ./dated.nix { inherit lib; };
  # The symbols that patches and structuredExtraConfig set.
  show = value: if value ? freeform && value.freeform != null then toString value.freeform else value.tristate or null;
  symbolsOf = config: lib.filterAttrs (_: value: value != null) (lib.mapAttrs (_: show) config);
  patchConfig = patch: patch.structuredExtraConfig or patch.extraStructuredConfig or { };
  buildLinux = lib.makeOverridable (
    {
      version,
      modDirVersion ? version,
      src ? null,
      kernelPatches ? [ ],
      structuredExtraConfig ? { },
      extraConfig ? "",
      extraMeta ? { },
      features ? { },
      defconfig ? null,
      extraMakeFlags ? [ ],
      autoModules ? true,
      preferBuiltin ? false,
      ignoreConfigErrors ? false,
      isZen ? false,
      isLTS ? false,
      isHardened ? false,
      enableCommonConfig ? true,
      extraPassthru ? { },
      argsOverride ? { },
      pname ? "linux",
      stdenv ? final.stdenv,
      randstructSeed ? "",
      ...
    }@args:
    if argsOverride != { } then
      final.buildLinux (removeAttrs args [ "argsOverride" ] // argsOverride)
    else
      kernelPackage {
        inherit
          pname
          version
          modDirVersion
          src
          kernelPatches
          extraMeta
          extraPassthru
          features
          stdenv
          ;
        attrs = {
          inherit
            structuredExtraConfig
            extraConfig
            isZen
            isLTS
            isHardened
            ignoreConfigErrors
            autoModules
            enableCommonConfig
            ;
          # The generator takes text: anything else, such as extraConfig = { } of a patch, is an error.
          intermediateNixConfig = lib.concatStringsSep "\n" (
            [ extraConfig ] ++ map (patch: patch.extraConfig or "") kernelPatches
          );
        }
        // lib.optionalAttrs (defconfig != null) { inherit defconfig; };
        position = builtins.unsafeGetAttrPos "version" args;
      }
  );
  kernelPackage =
    {
      pname,
      version,
      modDirVersion,
      src ? null,
      kernelPatches,
      extraMeta,
      extraPassthru ? { },
      features,
      attrs,
      stdenv,
      position ? null,
    }:
    let
      inherit (stdenv) hostPlatform;
      symbols = symbolsOf (
        lib.foldl' (all: patch: all // patchConfig patch) attrs.structuredExtraConfig kernelPatches
      );
      config = {
        isSet = name: symbols ? ${name};
        isYes = name: symbols.${name} or null == "y";
        isNo = name: symbols.${name} or null == "n";
        isModule = name: symbols.${name} or null == "m";
        isEnabled = name: lib.elem (symbols.${name} or null) [ "y" "m" ];
        isDisabled = name: !(config.isEnabled name);
        getValue = name: symbols.${name} or null;
        CONFIG_MODULES = "y";
      }
      // (attrs.config or { });
      package = stdenv.mkDerivation (
        {
          inherit pname version;
          patches = map (patch: patch.patch) (lib.filter (patch: patch.patch or null != null) kernelPatches);
          kernelSymbols = lib.mapAttrsToList (name: value: "${name}=${toString value}") symbols;
          # For overrides that add to it.
          depsBuildBuild = [ final.buildPackages.stdenv.cc ];
          nativeBuildInputs = map (name: final.${name}) buildTools;
          hardeningDisable = [ "pic" ];
          enableParallelBuilding = true;
          installFlags = [ ];
          postPatch = "";
          preInstall = "";
          postInstall = "";
          preFixup = "";
          meta = {
            description = "The Linux kernel";
            license = lib.licenses.gpl2Only;
            platforms = lib.platforms.linux;
          }
          // extraMeta;
          passthru = attrs // {
            inherit
              modDirVersion
              kernelPatches
              features
              symbols
              config
              ;
            baseVersion = lib.versions.majorMinor version;
            kernelOlder = lib.versionOlder version;
            kernelAtLeast = lib.versionAtLeast version;
            moduleStructuredConfig.settings = attrs.structuredExtraConfig;
            # The generator's input. Of nixpkgs' own defaults it only has those about accelerators.
            configfile = final.writeText "linux-config-${version}" "" // {
              autoModules = attrs.autoModules or true;
              kernelBaseConfig = attrs.defconfig or "defconfig";
              structuredConfig =
                lib.optionalAttrs (attrs.enableCommonConfig or true && lib.versionAtLeast version "6.2") {
                  DRM_ACCEL = lib.kernel.yes;
                }
                // lib.foldl' (all: patch: all // patchConfig patch) attrs.structuredExtraConfig kernelPatches;
            };
            moduleBuildDependencies = [ ];
            moduleMakeFlags = kernelMakeFlags modDirVersion;
            commonMakeFlags = [ ];
            makeFlags = [ ];
            stdenv = stdenv;
            isXen = true;
            isLibre = false;
            isHardened = attrs.isHardened or false;
            withRust = false;
            target = hostPlatform.linux-kernel.target or (if hostPlatform.isx86 then "bzImage" else "Image");
            buildDTBs =
              hostPlatform.linux-kernel.DTB
                or (hostPlatform.isAarch32 || hostPlatform.isAarch64 || hostPlatform.isRiscV);
            passthru = { };
          }
          // extraPassthru;
        }
        // lib.optionalAttrs (src != null) { inherit src; }
        // lib.optionalAttrs (attrs ? intermediateNixConfig) { inherit (attrs) intermediateNixConfig; }
        // lib.optionalAttrs (position != null) { pos = position; }
      );
    in
    package // { dev = package; modules = package; };
  buildTools = [
    "bison"
    "flex"
    "perl"
    "bc"
    "net-tools"
    "openssl"
    "rsync"
    "gmp"
    "libmpc"
    "mpfr"
    "zstd"
    "python3"
    "kmod"
  ];
  kernelMakeFlags = modDirVersion: [
    "ARCH=${final.stdenv.hostPlatform.linuxArch}"
    "CROSS_COMPILE="
    "KERNELRELEASE=${modDirVersion}"
  ];
  stockKernel =
    name: version:
    final.buildLinux {
      inherit version;
      modDirVersion = lib.versions.pad 3 version;
      # nixpkgs has these patches on every kernel.
      kernelPatches = [
        final.kernelPatches.bridge_stp_helper
        final.kernelPatches.request_key_helper
      ];
      src = final.fetchurl {
        url = "mirror://kernel/linux/kernel/v${lib.versions.major version}.x/linux-${version}.tar.xz";
        hash = lib.fakeHash;
      };
    };
  kernels =
    lib.mapAttrs stockKernel facts.kernels
    // lib.genAttrs facts.removed (
      name:
      throw "${lib.replaceStrings [ "_" ] [ " " ] (lib.replaceStrings [ "linux_" ] [ "linux " ] name)} was removed because it has reached its end of life upstream"
    );
  moduleStub = kernel: pname: version: final.makeStub {
    inherit pname;
    name = "${pname}-${version}-${kernel.version}";
    inherit version;
    platforms = lib.platforms.linux;
  };
  packagesFor =
    kernel:
    (lib.makeExtensible (
      self:
      lib.mapAttrs (moduleStub self.kernel) facts.modules
      // {
        inherit kernel;
        callPackage = lib.callPackageWith (final // self);
        newScope = extra: lib.callPackageWith (final // self // extra);
        inherit (self.kernel) kernelOlder kernelAtLeast;
        inherit (final) stdenv;
        kernelModuleMakeFlags = self.kernel.moduleMakeFlags;
        kernelPackages = self;
        recurseForDerivations = true;
      }
    )).extend
      (lib.composeManyExtensions final.kernelPackagesExtensions);
  packageSets = lib.mapAttrs (
    _: kernel: lib.recurseIntoAttrs (packagesFor kernel)
  ) final.linuxKernel.kernels;
  kernelNames = lib.attrNames facts.kernels ++ facts.removed;
in
{
  inherit buildLinux;
  # Extensions of every package set, added to by overlays.
  kernelPackagesExtensions = [ ];
  linuxManualConfig =
    {
      version,
      modDirVersion ? version,
      src,
      configfile,
      config ? { },
      kernelPatches ? [ ],
      extraMeta ? { },
      features ? { },
      pname ? "linux",
      stdenv ? final.stdenv,
      ...
    }@args:
    kernelPackage {
      inherit
        pname
        version
        modDirVersion
        src
        kernelPatches
        extraMeta
        features
        stdenv
        ;
      extraPassthru = {
        inherit configfile;
      };
      attrs = {
        structuredExtraConfig = { };
        isManualConfig = true;
        inherit config;
      };
      position = builtins.unsafeGetAttrPos "version" args;
    };
  linuxPackagesFor = packagesFor;
  linuxKernel = {
    inherit kernels;
    packages = packageSets;
    packagesFor = packagesFor;
    packageAliases = {
      linux_default = final.linuxKernel.packages.${facts.default};
      linux_latest = final.linuxKernel.packages.${facts.latest};
    };
    kernelPatches = final.kernelPatches;
    manualConfig = final.linuxManualConfig;
    vanillaPackages = packageSets;
    rpiPackages = { };
    hardenedLinuxPackagesFor = kernel: _: packagesFor kernel;
  };
  kernelPatches = {
    bridge_stp_helper = {
      name = "bridge-stp-helper";
      patch = ./stubs.nix;
    };
    request_key_helper = {
      name = "request-key-helper";
      patch = ./stubs.nix;
    };
  };
  linuxPackages = final.linuxKernel.packageAliases.linux_default;
  linuxPackages_latest = final.linuxKernel.packageAliases.linux_latest;
  linux = final.linuxPackages.kernel;
  linux_latest = final.linuxPackages_latest.kernel;
  linuxPackages-rt = final.linuxKernel.packages.linux_rt_5_10;
  linuxPackages-rt_latest = final.linuxKernel.packages.linux_rt_6_6;
  linux-rt = final.linuxPackages-rt.kernel;
  linux-rt_latest = final.linuxPackages-rt_latest.kernel;
  linuxPackages-libre = final.linuxKernel.packages.linux_libre;
  linuxPackages_latest-libre = final.linuxKernel.packages.linux_latest_libre;
  linux-libre = final.linuxPackages-libre.kernel;
  linux_latest-libre = final.linuxPackages_latest-libre.kernel;
  linuxPackages_custom =
    {
      version,
      src,
      configfile,
      ...
    }@args:
    packagesFor (final.linuxManualConfig args);
  linuxHeaders = final.makeStub { pname = "linux-headers"; version = "6.18"; };
  linux-firmware = final.makeStub {
    pname = "linux-firmware";
    version = "20260519";
    license = lib.licenses.unfreeRedistributableFirmware;
  };
}
// lib.genAttrs kernelNames (name: final.linuxKernel.kernels.${name})
// lib.listToAttrs (
  map (
    name:
    lib.nameValuePair (lib.replaceStrings [ "linux_" ] [ "linuxPackages_" ] name) final.linuxKernel.packages.${name}
  ) kernelNames
)
