# The daemon that is asked for rights starts again whenever there may be other actions to decide upon.
{ config, lib, ... }:
{
  config = lib.mkIf config.security.polkit.enable {
    systemd.services.polkit.restartTriggers = [ config.system.path ];
  };
}
