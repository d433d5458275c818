# Further options of the boot process.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  inherit (lib) mkOption types;
  declare = import ../../lib/declare.nix { inherit lib; };
  inherit (declare)
    lines
    of
    off
    on
    ;
  number = types.oneOf [
    types.bool
    types.str
    types.int
  ];
  sysctlValue = number // {
    # One value written in several ways is no conflict.
    merge =
      loc: defs:
      if lib.length (lib.unique (map (def: if def.value == false then "0" else toString def.value) defs)) == 1 then
        (lib.head defs).value
      else
        number.merge loc defs;
  };
in
{
  options.boot = {
    growPartition = off;
    postBootCommands = lines;
    devSize = declare.str "5%";
    devShmSize = declare.str "50%";
    runSize = declare.str "25%";
    extraSystemdUnitPaths = declare.strings;
    readOnlyNixStore = on;
    nixStoreMountOpts = of (types.listOf types.nonEmptyStr) [
      "ro"
      "nodev"
      "nosuid"
    ];
    specialFileSystems = declare.attrsOf types.attrs;
    enableContainers = off;
    swraid.enable = off;
    swraid.mdadmConf = lines;
    bcache.enable = off;
    zfs = {
      package = of types.package (pkgs.zfs or pkgs.hello);
      extraPools = declare.strings;
      forceImportRoot = on;
      forceImportAll = off;
      devNodes = of types.path "/dev/disk/by-id";
      requestEncryptionCredentials = on;
    };
    tmp = {
      useTmpfs = off;
      cleanOnBoot = off;
      useZram = off;
      tmpfsSize = of (types.oneOf [
        types.str
        types.ints.positive
      ]) "50%";
      tmpfsHugeMemoryPages = declare.str "never";
    };
    plymouth = {
      enable = off;
      theme = declare.str "bgrt";
      themePackages = declare.packages;
      logo = declare.nullOr types.path;
      font = declare.nullOr types.path;
      extraConfig = lines;
    };
    binfmt = {
      registrations = declare.attrsOf types.attrs;
      emulatedSystems = declare.strings;
      preferStaticEmulators = off;
      addEmulatedSystemsToNixSandbox = on;
    };
    kernel.sysctl = mkOption {
      default = { };
      type = types.submodule {
        freeformType = types.attrsOf (types.nullOr sysctlValue);
        # The largest of several wishes wins.
        options = lib.genAttrs [ "net.core.rmem_max" "net.core.wmem_max" ] (
          _:
          mkOption {
            type = types.nullOr (
              types.ints.unsigned
              // {
                merge = _: defs: lib.foldl' lib.max 0 (map (def: def.value) defs);
              }
            );
            default = null;
          }
        );
      };
    };
    kernel.sysfs = declare.attrsOf types.unspecified;
    crashDump = {
      enable = off;
      reservedMemory = declare.str "128M";
      kernelParams = declare.strings;
    };
  };

  config.environment.etc."sysctl.d/60-nixos.conf".text = lib.concatStrings (
    lib.mapAttrsToList (
      name: value: lib.optionalString (value != null) "${name}=${if value == false then "0" else toString value}\n"
    ) config.boot.kernel.sysctl
  );
}
