# Users.
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

in
{
  imports = [
    (lib.mkAliasOptionModule [ "users" "extraUsers" ] [ "users" "users" ])
  ];

  options.users = {
    mutableUsers = declare.on;
    enforceIdUniqueness = declare.on;
    users = declare.namedBy user;
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

  };
}
