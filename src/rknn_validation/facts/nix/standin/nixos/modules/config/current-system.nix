# /run/current-system/sw: the system's packages in one directory.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  cfg = config.environment;
in
{
  options.system.path = lib.mkOption {
    internal = true;
    type = lib.types.unspecified;
  };
  config.system.path = pkgs.buildEnv {
    name = "system-path";
    paths = cfg.systemPackages;
    inherit (cfg) pathsToLink extraOutputsToInstall;
    ignoreCollisions = true;
    postBuild = cfg.extraSetup;
  };
}
