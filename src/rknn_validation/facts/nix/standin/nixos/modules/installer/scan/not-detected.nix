# Imported by generated hardware configurations.
{ lib, ... }:
{
  hardware.enableRedistributableFirmware = lib.mkDefault true;
}
