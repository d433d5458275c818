# The kernel's modules and the further ones, in one directory.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  cfg = config.boot;
in
{
  options.system.modulesTree = lib.mkOption {
    type = lib.types.listOf lib.types.path;
    internal = true;
    default = [ ];
    apply = pkgs.aggregateModules;
  };
  config.system.modulesTree = lib.mkIf (cfg.kernel.enable && !cfg.isContainer) (
    [ (lib.getOutput "modules" cfg.kernelPackages.kernel) ] ++ cfg.extraModulePackages
  );
}
