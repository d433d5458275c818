# The initial ramdisk.
{
  config,
  lib,
  pkgs,
  utils,
  ...
}:

let
  inherit (lib) types;
  unitTypes = utils.systemdUtils.types;
  declare = import ../../lib/declare.nix { inherit lib; };
  inherit (declare)
    lines
    of
    off
    on
    ;
  storePath = types.coercedTo (types.either types.singleLineStr types.package) (source: {
    inherit source;
  }) (
    declare.submodule {
      source = declare.required (types.either types.path types.package);
      target = declare.nullOr types.path;
      dlopen = declare.attrsOf types.unspecified;
    }
  );
  systemd = {
    enable = on;
    package = of types.package config.systemd.package;
    emergencyAccess = of (types.either types.bool (types.nullOr types.str)) false;
    strip = on;
    initrdBin = declare.packages;
    extraBin = declare.attrsOf types.path;
    storePaths = declare.listOf storePath;
    suppressedStorePaths = declare.strings;
    suppressedUnits = declare.strings;
    contents = of unitTypes.initrdContents { };
    packages = declare.packages;
    services = of unitTypes.initrdServices { };
    sockets = of unitTypes.initrdSockets { };
    timers = of unitTypes.initrdTimers { };
    paths = of unitTypes.initrdPaths { };
    targets = of unitTypes.initrdTargets { };
    slices = of unitTypes.initrdSlices { };
    mounts = of unitTypes.initrdMounts [ ];
    automounts = of unitTypes.initrdAutomounts [ ];
    units = of unitTypes.units { };
    users = declare.attrsOf types.attrs;
    groups = declare.attrsOf types.attrs;
    managerEnvironment = declare.attrsOf (types.nullOr types.str);
    settings.Manager = declare.attrsOf utils.systemdUtils.lib.unitOption;
    additionalUpstreamUnits = declare.strings;
    root = declare.nullOr types.str;
    dbus.enable = off;
    tpm2.enable = on;
    network.enable = off;
    network.networks = declare.attrsOf types.attrs;
    tmpfiles.settings = declare.attrsOf (types.attrsOf (types.attrsOf types.attrs));
  };
in
{
  options.boot = {
    supportedFilesystems = declare.flagSet;
    resumeDevice = declare.str "";
    initrd = {
      inherit systemd;
      enable = declare.flag (!config.boot.isContainer);
      checkJournalingFS = on;
      includeDefaultModules = on;
      kernelModules = declare.nameSet;
      availableKernelModules = declare.nameSet;
      allowMissingModules = off;
      supportedFilesystems = declare.flagSet;
      compressor = of (types.either types.str (types.functionTo types.str)) "zstd";
      compressorArgs = declare.nullOr (types.listOf types.str);
      extraFiles = declare.namedBy { options.source = declare.required types.package; };
      prepend = declare.strings;
      secrets = declare.attrsOf (types.nullOr types.path);
      extraFirmwarePaths = declare.strings;
      verbose = on;
      preDeviceCommands = lines;
      postDeviceCommands = lines;
      postResumeCommands = lines;
      preFailCommands = lines;
      preLVMCommands = lines;
      postMountCommands = lines;
      extraUtilsCommands = lines;
      extraUtilsCommandsTest = lines;
      extraUdevRulesCommands = lines;
      unl0kr.enable = off;
      services.udev = {
        rules = lines;
        packages = declare.paths;
        binPackages = declare.packages;
      };
      services.lvm.enable = off;
      services.resolved.enable = off;
      network = {
        enable = off;
        flushBeforeStage2 = on;
        udhcpc.enable = off;
        udhcpc.extraArgs = declare.strings;
        postCommands = lines;
        ssh = {
          enable = off;
          port = of types.port 22;
          shell = declare.nullOr types.str;
          hostKeys = declare.listOf (types.either types.str types.path);
          authorizedKeys = declare.strings;
          authorizedKeyFiles = declare.paths;
          extraConfig = lines;
          ignoreEmptyHostKeys = off;
        };
      };
      luks.devices = declare.attrsOf types.attrs;
      luks.forceLuksSupportInInitrd = off;
      luks.cryptoModules = declare.strings;
    };
  };

  config = lib.mkIf config.boot.initrd.enable {
    # Hardware that a root file system may be on.
    boot.initrd.availableKernelModules = lib.mkIf config.boot.initrd.includeDefaultModules (
      [
        "ahci"
        "ata_piix"
        "nvme"
        "sd_mod"
        "sr_mod"
        "mmc_block"
        "uhci_hcd"
        "ehci_hcd"
        "ehci_pci"
        "ohci_hcd"
        "ohci_pci"
        "xhci_hcd"
        "xhci_pci"
        "usbhid"
        "hid_generic"
      ]
      ++ lib.optionals pkgs.stdenv.hostPlatform.isx86 [
        "pcips2"
        "atkbd"
        "i8042"
        "rtc_cmos"
      ]
    );
    boot.initrd.kernelModules = lib.mkIf config.boot.initrd.includeDefaultModules [ "dm_mod" ];
    system.build.initialRamdisk = pkgs.runCommand "initrd" { } "initrd";
  };
}
