# File systems and power.
{ config, lib, ... }:

let
  inherit (lib) types;
  declare = import ../../lib/declare.nix { inherit lib; };
  inherit (declare) off on;
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
        options = declare.of (types.nonEmptyListOf types.nonEmptyStr) [ "defaults" ];
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
in
{
  options = {
    fileSystems = declare.namedBy fileSystem;
    swapDevices = declare.listOf types.attrs;
    powerManagement.cpuFreqGovernor = declare.maybe;
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
