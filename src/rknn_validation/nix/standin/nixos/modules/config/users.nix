# Users and groups.
{
  config,
  lib,
  pkgs,
  utils,
  ...
}:

let
  cfg = config.users;
  inherit (lib) types;
  declare = import ../../lib/declare.nix { inherit lib; };
  inherit (declare) nullOr off;
  ids = config.ids;

  user = [
    (import ../../lib/static/user.nix)
    (
      { name, config, ... }:
      {
        config = lib.mkMerge [
          {
            name = lib.mkDefault name;
            shell = lib.mkMerge [
              (lib.mkOptionDefault pkgs.shadow)
              (lib.mkIf config.useDefaultShell (lib.mkDefault cfg.defaultUserShell))
            ];
          }
          (lib.mkIf config.isNormalUser {
            group = lib.mkDefault "users";
            createHome = lib.mkDefault true;
            home = lib.mkDefault "/home/${config.name}";
            homeMode = lib.mkDefault "700";
            useDefaultShell = lib.mkDefault true;
            isSystemUser = lib.mkDefault false;
          })
        ];
      }
    )
  ];

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
  imports = [
    (lib.mkAliasOptionModule [ "users" "extraUsers" ] [ "users" "users" ])
    (lib.mkAliasOptionModule [ "users" "extraGroups" ] [ "users" "groups" ])
  ];

  options.users = {
    mutableUsers = declare.on;
    enforceIdUniqueness = declare.on;
    users = declare.namedBy user;
    groups = declare.namedBy group;
    allowNoPasswordLogin = off;
    manageLingering = declare.on;
    defaultUserShell = declare.of (types.either types.path types.shellPackage) pkgs.bashInteractive;
    defaultUserHome = declare.str "/home";
    motd = nullOr types.lines;
    motdFile = nullOr types.str;
    ldap.enable = off;
    mysql.enable = off;
  };

  config = {
    users.users = {
      root = {
        uid = ids.uids.root;
        description = "System administrator";
        home = "/root";
        homeMode = "700";
        shell = lib.mkDefault cfg.defaultUserShell;
        group = "root";
      };
      nobody = {
        uid = ids.uids.nobody;
        isSystemUser = true;
        description = "Unprivileged account (don't use!)";
        group = "nogroup";
      };
    }
    // lib.genAttrs [
      "systemd-network"
      "systemd-resolve"
      "systemd-timesync"
      "systemd-oom"
      "systemd-coredump"
    ] (name: {
      uid = ids.uids.${name} or null;
      isSystemUser = true;
      group = name;
    });
    users.groups = lib.genAttrs [
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

    environment.etc = lib.mapAttrs' (
      _: one:
      lib.nameValuePair "profiles/per-user/${one.name}" {
        source = pkgs.buildEnv {
          name = "user-environment";
          paths = one.packages;
        };
      }
    ) (lib.filterAttrs (_: one: one.packages != [ ]) cfg.users);

    assertions = lib.concatLists (
      lib.mapAttrsToList (name: one: [
        {
          # A number below 1000 says as well that it is no person's account.
          assertion =
            one.isSystemUser != one.isNormalUser
            || (!one.isSystemUser && one.uid != null && one.uid < 1000);
          message = ''
            Exactly one of users.users.${name}.isSystemUser and users.users.${name}.isNormalUser must be set.
          '';
        }
        {
          assertion = one.group != "";
          message = ''
            users.users.${name}.group is unset. This used to default to
            nogroup, but this is unsafe. For example you can create a group
            for this user with:
            users.users.${name}.group = "${name}";
            users.groups.${name} = {};
          '';
        }
      ]) (lib.filterAttrs (_: one: one.enable) cfg.users)
    );
  };
}
