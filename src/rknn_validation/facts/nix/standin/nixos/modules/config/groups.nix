# Groups.
{ config, lib, ... }:

let
  cfg = config.users;
  declare = import ../../lib/declare.nix { inherit lib; };
  inherit (config) ids;

  group = [
    (import ../../lib/static/group.nix)
    (
      { name, config, ... }:
      {
        config = {
          name = lib.mkDefault name;
          members = lib.mapAttrsToList (_: one: one.name) (
            lib.filterAttrs (_: one: lib.elem config.name one.extraGroups) cfg.users
          );
        };
      }
    )
  ];
in
{
  imports = [ (lib.mkAliasOptionModule [ "users" "extraGroups" ] [ "users" "groups" ]) ];

  options.users.groups = declare.namedBy group;

  config.users.groups = lib.genAttrs [
    "root"
    "wheel"
    "disk"
    "kmem"
    "tty"
    "floppy"
    "uucp"
    "lp"
    "cdrom"
    "tape"
    "audio"
    "video"
    "dialout"
    "nogroup"
    "users"
    "nixbld"
    "utmp"
    "adm"
    "input"
    "kvm"
    "render"
    "sgx"
    "shadow"
    "systemd-journal"
    "systemd-network"
    "systemd-resolve"
    "systemd-timesync"
    "systemd-oom"
    "systemd-coredump"
    "messagebus"
    "keys"
    "clock"
  ] (name: if ids.gids ? ${name} then { gid = ids.gids.${name}; } else { });
}
