{ cfg, config, lib, pkgs }:

{
  environment.systemPackages = [ cfg.package ];
  environment.sessionVariables.LD_LIBRARY_PATH = [ "${cfg.package}/lib" ];
}
