# What it defines depends on the configuration.
{ config, lib, ... }:
{
  config = {
    systemd = lib.optionalAttrs (!config.boot.isContainer) {
      services.shaped.script = "true";
    };
    users = if config.networking.hostName == "nixos" then { groups.shaped = { }; } else { };
    environment.etc = lib.mapAttrs' (name: one: lib.nameValuePair "group/${name}" { text = toString one.gid; }) (
      lib.filterAttrs (_: one: one.gid != null) config.users.groups
    );
  };
}
