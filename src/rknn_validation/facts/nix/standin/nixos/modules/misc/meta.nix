# Maintainers and documentation of modules.
{ lib, ... }:
{
  options.meta = {
    maintainers = lib.mkOption {
      type = lib.types.listOf lib.types.unspecified;
      internal = true;
      default = [ ];
      description = "Maintainers of modules.";
    };
    teams = lib.mkOption {
      type = lib.types.listOf lib.types.unspecified;
      internal = true;
      default = [ ];
      description = "Teams that maintain modules.";
    };
    doc = lib.mkOption {
      type = lib.types.unspecified;
      internal = true;
      default = null;
      description = "Documentation of modules.";
    };
    buildDocsInSandbox = lib.mkOption {
      type = lib.types.bool;
      internal = true;
      default = true;
      description = "Whether the documentation can be built without the rest of the configuration.";
    };
  };
}
