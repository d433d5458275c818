# Boot loaders and further options of the boot process.
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
        freeformType = types.attrsOf (
          types.nullOr (
            types.oneOf [
              types.bool
              types.str
              types.int
            ]
          )
        );
        # The largest of several wishes wins.
        options = lib.genAttrs [ "net.core.rmem_max" "net.core.wmem_max" ] (
          _:
          mkOption {
            type = types.nullOr (types.addCheck types.int (size: size >= 0));
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
    loader = {
      timeout = of (types.nullOr types.int) 5;
      efi.canTouchEfiVariables = off;
      efi.efiSysMountPoint = declare.str "/boot";
      external.enable = off;
      external.installHook = declare.nullOr types.path;
      initScript.enable = off;
      supportsInitrdSecrets = off;
      refind.enable = off;
      limine.enable = off;
      generic-extlinux-compatible = {
        enable = off;
        useGenerationDeviceTree = on;
        configurationLimit = declare.int 20;
        mirroredBoots = declare.listOf types.attrs;
        populateCmd = declare.str "";
      };
      grub = {
        enable = declare.flag (!config.boot.isContainer);
        device = declare.str "";
        devices = declare.strings;
        efiSupport = off;
        efiInstallAsRemovable = off;
        enableCryptodisk = off;
        useOSProber = off;
        configurationLimit = declare.int 100;
        extraConfig = lines;
        extraEntries = lines;
        extraFiles = declare.attrsOf types.path;
        extraPerEntryConfig = lines;
        extraPrepareConfig = lines;
        extraInstallCommands = lines;
        extraGrubInstallArgs = declare.strings;
        copyKernels = off;
        default = of (types.either types.int types.str) "0";
        fsIdentifier = declare.str "uuid";
        splashImage = declare.nullOr types.path;
        theme = declare.nullOr types.path;
        font = declare.nullOr types.path;
        fontSize = declare.nullOr types.int;
        backgroundColor = declare.nullOr types.str;
        gfxmodeEfi = declare.str "auto";
        gfxmodeBios = declare.str "1024x768";
        gfxpayloadEfi = declare.str "keep";
        gfxpayloadBios = declare.str "text";
        forceInstall = off;
        forcei686 = off;
        mirroredBoots = declare.listOf types.attrs;
        zfsSupport = off;
        ipxe = declare.attrsOf (types.either types.path types.str);
        memtest86.enable = off;
        memtest86.params = declare.strings;
        users = declare.attrsOf types.attrs;
        entryOptions = declare.str "";
        subEntryOptions = declare.str "";
        storePath = declare.str "/nix/store";
        timeoutStyle = declare.str "menu";
        configurationName = declare.str "";
      };
      systemd-boot = {
        enable = off;
        editor = on;
        configurationLimit = declare.nullOr types.int;
        consoleMode = declare.str "keep";
        graceful = off;
        extraEntries = declare.attrsOf types.lines;
        extraFiles = declare.attrsOf types.path;
        extraInstallCommands = lines;
        installDeviceTree = of types.bool (
          config.hardware.deviceTree.enable && config.hardware.deviceTree.name != null
        );
        memtest86.enable = off;
        netbootxyz.enable = off;
        edk2-uefi-shell.enable = off;
        rebootForBitlocker = off;
        sortKey = declare.str "nixos";
        windows = declare.attrsOf types.attrs;
        xbootldrMountPoint = declare.nullOr types.str;
        bootCounting.enable = off;
        bootCounting.tries = declare.int 3;
      };
    };
  };
}
