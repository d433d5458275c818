# A condition on what a module of the base makes, among other things, of what is defined under it.
{ config, lib, ... }:
{
  systemd.tmpfiles.rules = lib.mkIf (config.environment.etc ? "tmpfiles.d") [ "d /circle - - - - -" ];
}
