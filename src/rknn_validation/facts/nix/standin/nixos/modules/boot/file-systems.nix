# File systems, swap and power.
{ config, lib, ... }:

let
  inherit (lib) mkOption types;
  declare = import ../../lib/declare.nix { inherit lib; };
  inherit (declare) lines off on;
  text = declare.nullOr types.nonEmptyStr;

  fileSystem =
    { name, ... }:
    {
      options = {
        enable = on;
        mountPoint = declare.of (types.addCheck types.str (path: path != "")) name;
        device = text;
        label = text;
        fsType = declare.of types.nonEmptyStr "auto";
        options = mkOption {
          type = types.nonEmptyListOf types.nonEmptyStr;
          default = [ "defaults" ];
        };
        depends = declare.listOf types.nonEmptyStr;
        autoFormat = off;
        autoResize = off;
        formatOptions = declare.maybe;
        noCheck = off;
        neededForBoot = off;
        stratis.poolUuid = declare.maybe;
        overlay = {
          lowerdir = declare.nullOr (types.nonEmptyListOf types.str);
          upperdir = declare.maybe;
          workdir = declare.maybe;
          useStage1BaseDirectories = on;
        };
        encrypted = {
          enable = off;
          blkDev = declare.maybe;
          label = declare.maybe;
          keyFile = declare.maybe;
        };
      };
    };
  swap = {
    options = {
      device = declare.required types.nonEmptyStr;
      label = declare.required types.str;
      size = declare.nullOr types.int;
      priority = declare.nullOr types.int;
      randomEncryption = mkOption {
        default = false;
        type = types.either types.bool types.attrs;
      };
      encrypted = declare.tree;
      discardPolicy = declare.nullOr (
        types.enum [
          "once"
          "pages"
          "both"
        ]
      );
      options = declare.of (types.listOf types.nonEmptyStr) [ "defaults" ];
      deviceName = declare.required types.str;
      realDevice = declare.required types.path;
    };
  };
in
{
  options = {
    fileSystems = declare.namedBy fileSystem;
    swapDevices = declare.listOf (types.submodule swap);
    zramSwap = {
      enable = off;
      algorithm = declare.str "zstd";
      memoryPercent = declare.int 50;
      memoryMax = declare.nullOr types.int;
      priority = declare.int 5;
      swapDevices = declare.int 1;
      writebackDevice = declare.nullOr types.path;
    };
    powerManagement = {
      enable = on;
      cpuFreqGovernor = declare.maybe;
      cpufreq.min = declare.nullOr types.int;
      cpufreq.max = declare.nullOr types.int;
      powertop.enable = off;
      powertop.preStart = lines;
      powertop.postStart = lines;
      powerUpCommands = lines;
      powerDownCommands = lines;
      resumeCommands = lines;
      bootCommands = lines;
      scsiLinkPolicy = declare.maybe;
    };
  };
  config.environment.etc.fstab.text = lib.concatMapStrings (
    one:
    lib.optionalString one.enable "${
      if one.device != null then one.device else "/dev/disk/by-label/${toString one.label}"
    } ${one.mountPoint} ${one.fsType} ${lib.concatStringsSep "," one.options} 0 0\n"
  ) (lib.filter (one: one ? mountPoint) (lib.attrValues config.fileSystems));
  config.boot.kernelModules = lib.mkIf (config.powerManagement.cpuFreqGovernor != null) [
    "cpufreq_${config.powerManagement.cpuFreqGovernor}"
  ];
}
