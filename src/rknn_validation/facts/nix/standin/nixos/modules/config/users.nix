# Users and groups: those of every NixOS system, and what NixOS refuses.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  cfg = config.users;
  inherit (config) ids;
  inherit (lib) types;
  declare = import ../../lib/declare.nix { inherit lib; };
  submodules = import ../../lib/submodules.nix;
  numbers = lib.importJSON ./ids.json;

  user = [
    submodules.user
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
    submodules.group
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
  assertions = name: one: [
    {
      # A number below 1000 is a system account as well.
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
  ];
in
{
  imports = [
    (lib.mkAliasOptionModule [ "users" "extraUsers" ] [ "users" "users" ])
    (lib.mkAliasOptionModule [ "users" "extraGroups" ] [ "users" "groups" ])
  ];

  options.users = {
    users = declare.namedBy user;
    groups = declare.namedBy group;
    defaultUserShell = declare.of (types.either types.path types.shellPackage) pkgs.bashInteractive;
  };
  options.ids = {
    uids = declare.attrsOf types.int;
    gids = declare.attrsOf types.int;
  };

  config = {
    ids = numbers;
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
    users.groups =
      let
        # Groups that only exist with the service they belong to.
        others = [
          "docker"
          "networkmanager"
          "podman"
        ];
        withoutNumber = [
          "clock"
          "systemd-coredump"
          "systemd-oom"
        ];
      in
      lib.mapAttrs (name: _: { gid = ids.gids.${name}; }) (removeAttrs numbers.gids others)
      // lib.genAttrs withoutNumber (_: { });

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
      lib.mapAttrsToList assertions (lib.filterAttrs (_: one: one.enable) cfg.users)
    );
  };
}
