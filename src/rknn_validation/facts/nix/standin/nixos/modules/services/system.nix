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
  inherit (declare) lines off on;
in
{
  options.services = {
    journald = {
      console = declare.str "";
      rateLimitInterval = declare.str "30s";
      rateLimitBurst = declare.int 10000;
      storage = declare.enum [
        "persistent"
        "volatile"
        "auto"
        "none"
      ] "persistent";
      audit = declare.nullOr types.bool;
      forwardToSyslog = off;
      extraConfig = lines;
    };
    dbus = {
      enable = on;
      implementation = declare.enum [
        "dbus"
        "broker"
      ] "broker";
      dbusPackage = declare.package pkgs.dbus;
      brokerPackage = declare.package pkgs.dbus-broker;
      packages = declare.paths;
      apparmor = declare.str "disabled";
    };
    getty = {
      autologinUser = declare.maybe;
      autologinOnce = off;
      loginProgram = declare.of types.path "${pkgs.shadow}/bin/login";
      loginOptions = declare.maybe;
      extraArgs = declare.strings;
      greetingLine = declare.str "";
      helpLine = lines;
    };
    logind = {
      settings.Login = declare.section;
      extraConfig = lines;
      killUserProcesses = off;
      lidSwitch = declare.str "suspend";
      powerKey = declare.str "poweroff";
    };
    resolved = {
      enable = off;
      fallbackDns = declare.nullOr (types.listOf types.str);
      domains = declare.strings;
      llmnr = declare.str "true";
      dnssec = declare.str "false";
      dnsovertls = declare.str "false";
      extraConfig = lines;
      settings.Resolve = declare.section;
    };
    timesyncd = {
      enable = declare.flag (!config.boot.isContainer);
      servers = declare.nullOr (types.listOf types.str);
      fallbackServers = declare.nullOr (types.listOf types.str);
      extraConfig = lines;
      settings.Time = declare.section;
    };
    fstrim.enable = on;
    fstrim.interval = declare.str "weekly";
    irqbalance.enable = off;
    irqbalance.package = declare.package pkgs.irqbalance;
    nscd = {
      enable = on;
      enableNsncd = on;
      package = declare.package pkgs.nsncd;
      user = declare.str "nscd";
      group = declare.str "nscd";
      config = lines;
    };
    lvm = {
      enable = on;
      package = declare.package pkgs.lvm2;
      dmeventd.enable = off;
      boot.thin.enable = off;
      boot.vdo.enable = off;
    };
    acpid = {
      enable = off;
      logEvents = off;
      handlers = declare.attrsOf types.attrs;
      powerEventCommands = lines;
      lidEventCommands = lines;
      acEventCommands = lines;
    };
    thermald.enable = off;
    udisks2.enable = off;
    udisks2.mountOnMedia = off;
    upower.enable = off;
    earlyoom.enable = off;
    envfs.enable = off;
    envfs.package = declare.package pkgs.envfs;
    userborn.enable = off;
    userborn.package = declare.package pkgs.userborn;
    chrony = {
      enable = off;
      servers = declare.strings;
      extraConfig = lines;
    };
    cron = {
      enable = off;
      systemCronJobs = declare.strings;
      mailto = declare.maybe;
      cronFiles = declare.paths;
    };
    avahi = {
      enable = off;
      nssmdns4 = off;
      nssmdns6 = off;
      openFirewall = on;
      ipv4 = on;
      ipv6 = off;
      hostName = declare.str config.networking.hostName;
      publish = {
        enable = off;
        userServices = off;
        addresses = off;
        hinfo = off;
        workstation = off;
        domain = off;
      };
    };
    logrotate = {
      enable = on;
      checkConfig = on;
      allowNetworking = off;
      settings = declare.attrsOf types.attrs;
    };
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
