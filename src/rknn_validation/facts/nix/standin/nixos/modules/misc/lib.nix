# Functions that modules offer to each other.
{ lib, ... }:
{
  options.lib = lib.mkOption {
    default = { };
    type = lib.types.attrsOf lib.types.attrs;
    description = "Functions and values for other modules.";
  };
}
