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
  inherit (declare) of on;
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
    extraBin = declare.attrsOf types.path;
    storePaths = declare.listOf storePath;
    contents = of unitTypes.initrdContents { };
    packages = declare.packages;
    services = of unitTypes.initrd.services { };
    sockets = of unitTypes.initrd.sockets { };
    timers = of unitTypes.initrd.timers { };
    paths = of unitTypes.initrd.paths { };
    targets = of unitTypes.initrd.targets { };
    slices = of unitTypes.initrd.slices { };
    mounts = of unitTypes.initrd.mounts [ ];
    automounts = of unitTypes.initrd.automounts [ ];
    units = of unitTypes.units { };
  };
in
{
  options.boot = {
    supportedFilesystems = declare.flagSet;
    initrd = {
      inherit systemd;
      enable = declare.flag (!config.boot.isContainer);
      includeDefaultModules = on;
      kernelModules = declare.nameSet;
      availableKernelModules = declare.nameSet;
      supportedFilesystems = declare.flagSet;
      compressor = of (types.either types.str (types.functionTo types.str)) "zstd";
      extraFiles = declare.namedBy { options.source = declare.required types.package; };
    };
  };

  config = lib.mkIf config.boot.initrd.enable {
    # Drivers of hardware that may hold the root file system.
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
