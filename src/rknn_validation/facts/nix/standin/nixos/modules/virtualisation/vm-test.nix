# What a node of a NixOS VM test has beside an ordinary system.
{ config, lib, ... }:

let
  inherit (lib) types;
  declare = import ../../lib/declare.nix { inherit lib; };
  inherit (declare) off on;
in
{
  options.virtualisation = {
    memorySize = declare.of types.ints.positive 1024;
    cores = declare.of types.ints.positive 1;
    diskSize = declare.of (types.either types.ints.positive (types.enum [ "auto" ])) 1024;
    diskImage = declare.nullOr types.str;
    emptyDiskImages = declare.listOf types.unspecified;
    graphics = declare.flag false;
    vlans = declare.of (types.listOf types.ints.unsigned) [ 1 ];
    writableStore = declare.flag false;
    writableStoreUseTmpfs = on;
    useNixStoreImage = off;
    mountHostNixStore = declare.flag (!config.virtualisation.useNixStoreImage);
    useBootLoader = off;
    useEFIBoot = off;
    useHostCerts = off;
    useDefaultFilesystems = on;
    additionalPaths = declare.listOf types.path;
    restrictNetwork = off;
    sharedDirectories = declare.namedBy {
      options = {
        source = declare.required types.str;
        target = declare.required types.path;
        securityModel = declare.str "mapped-xattr";
      };
    };
    forwardPorts = declare.listOf types.attrs;
    fileSystems = declare.attrsOf types.attrs;
    host.pkgs = declare.required types.raw;
    qemu = {
      package = declare.required types.package;
      options = declare.strings;
      consoles = declare.of (types.listOf types.str) [ "ttyS0,115200n8" ];
      networkingOptions = declare.strings;
      drives = declare.listOf types.attrs;
      diskInterface = declare.enum [
        "virtio"
        "scsi"
        "ide"
      ] "virtio";
      guestAgent.enable = on;
      virtioKeyboard = on;
      enableSharedMemory = off;
      forceAccel = off;
    };
    directBoot = {
      enable = declare.flag (!config.virtualisation.useBootLoader);
      initrd = declare.str "";
    };
    test.nodeNumber = declare.int 1;
    test.nodeName = declare.str config.networking.hostName;
  };

  # Of the first network between machines.
  options.networking.primaryIPAddress = declare.str "192.168.1.${toString config.virtualisation.test.nodeNumber}";

  config = {
    # The test driver brings the file systems; every system needs this one.
    fileSystems."/" = lib.mkDefault {
      device = "/dev/vda";
      fsType = "ext4";
    };
    boot.loader.grub.enable = lib.mkDefault false;
    networking.useDHCP = lib.mkDefault false;
  };
}
