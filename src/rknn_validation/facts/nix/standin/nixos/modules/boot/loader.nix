# Boot loaders.
{ config, lib, ... }:

let
  inherit (lib) types;
  declare = import ../../lib/declare.nix { inherit lib; };
  inherit (declare)
    lines
    of
    off
    on
    ;
in
{
  options.boot.loader = {
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
}
