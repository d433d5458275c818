# Stands where the module is not: hosts may set hardware.rknn, and nothing comes of it.
{ lib, ... }:

{
  options.hardware.rknn = lib.mkOption {
    type = lib.types.submodule { freeformType = lib.types.attrsOf lib.types.anything; };
  };
  config.hardware.rknn = {
    active = false;
    cdi.enable = false;
  };
}
