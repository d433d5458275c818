# Options by their old names, arguments, what is asked of options, and configurations inside this one.
{
  config,
  lib,
  options,
  npu,
  utils,
  ...
}:
{
  _module.args.npu = "npu${if config.boot.isContainer then "-contained" else ""}";
  boot.cleanTmpDir = true;
  hardware.opengl.enable = true;
  users.extraUsers.${npu} = {
    isSystemUser = true;
    group = "video";
  };
  users.extraGroups.operators.members = [ npu ];
  specialisation.other.configuration.environment.etc.other.text = "other\n";
  environment.etc = {
    asked.text = lib.concatStringsSep " " [
      (toString options.boot.kernelModules.highestPrio)
      (toString (lib.length options.environment.systemPackages.definitions))
      (lib.boolToString options.boot.cleanTmpDir.isDefined)
      (utils.escapeSystemdPath "/a b")
      (lib.concatStringsSep "," (lib.attrNames config.specialisation))
    ];
  };
}
