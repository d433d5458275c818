# Services that belong to the base of a system.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  inherit (lib) types;
  cfg = config.services;
  declare = import ../../lib/declare.nix { inherit lib; };
  inherit (declare) lines on;
in
{
  options.services = {
    journald = {
      storage = declare.enum [
        "persistent"
        "volatile"
        "auto"
        "none"
      ] "persistent";
      extraConfig = lines;
    };
    dbus = {
      enable = on;
      dbusPackage = declare.package pkgs.dbus;
      brokerPackage = declare.package pkgs.dbus-broker;
    };
    getty.loginProgram = declare.of types.path "${pkgs.shadow}/bin/login";
    timesyncd.enable = declare.flag (!config.boot.isContainer);
    irqbalance.package = declare.package pkgs.irqbalance;
    nscd.package = declare.package pkgs.nsncd;
    lvm.package = declare.package pkgs.lvm2;
    envfs.package = declare.package pkgs.envfs;
  };

  config = lib.mkMerge [
    {
      systemd.packages = lib.optional cfg.dbus.enable cfg.dbus.dbusPackage;
      environment.etc."systemd/journald.conf".text = ''
        [Journal]
        Storage=${cfg.journald.storage}
        ${cfg.journald.extraConfig}
      '';
    }
    (lib.mkIf cfg.dbus.enable {
      environment.systemPackages = [ cfg.dbus.dbusPackage ];
      users.users.messagebus = {
        uid = config.ids.uids.messagebus;
        description = "D-Bus system message bus daemon user";
        home = "/run/dbus";
        homeMode = "0755";
        group = "messagebus";
        isSystemUser = true;
      };
      users.groups.messagebus.gid = config.ids.gids.messagebus;
    })
  ];
}
