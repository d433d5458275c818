# A system without a screen.
{ lib, ... }:
{
  systemd.enableEmergencyMode = lib.mkDefault false;
}
