# The SSH daemon.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  inherit (lib) types;
  cfg = config.services.openssh;
  declare = import ../../lib/declare.nix { inherit lib; };
  inherit (declare) off on;
  renamed =
    old: new:
    lib.mkRenamedOptionModule
      [ "services" "openssh" old ]
      [ "services" "openssh" "settings" new ];
  value = types.nullOr (
    types.oneOf [
      types.bool
      types.int
      types.float
      types.str
      types.path
    ]
  );
in
{
  imports = [
    (lib.mkAliasOptionModule [ "services" "sshd" "enable" ] [ "services" "openssh" "enable" ])
    (renamed "permitRootLogin" "PermitRootLogin")
    (renamed "passwordAuthentication" "PasswordAuthentication")
    (renamed "kbdInteractiveAuthentication" "KbdInteractiveAuthentication")
    (renamed "forwardX11" "X11Forwarding")
    (renamed "useDns" "UseDns")
    (renamed "gatewayPorts" "GatewayPorts")
    (renamed "logLevel" "LogLevel")
  ];

  options.services.openssh = {
    enable = off;
    package = declare.package pkgs.openssh;
    startWhenNeeded = off;
    ports = declare.of (types.listOf types.port) [ 22 ];
    openFirewall = on;
    listenAddresses = declare.listOf (
      declare.submodule {
        addr = declare.maybe;
        port = declare.nullOr types.int;
      }
    );
    hostKeys = declare.of (types.listOf types.attrs) [
      {
        type = "rsa";
        bits = 4096;
        path = "/etc/ssh/ssh_host_rsa_key";
      }
      {
        type = "ed25519";
        path = "/etc/ssh/ssh_host_ed25519_key";
      }
    ];
    generateHostKeys = declare.flag cfg.enable;
    moduliFile = declare.of types.path "${pkgs.openssh}/etc/ssh/moduli";
    settings = declare.settings (types.attrsOf (types.either value (types.listOf types.str))) {
      AuthorizedPrincipalsFile = declare.nullOr types.str;
      LogLevel = declare.nullOr types.str;
      UsePAM = on;
      UseDns = off;
      X11Forwarding = off;
      PasswordAuthentication = on;
      PermitRootLogin = declare.of (types.nullOr (
        types.enum [
          "yes"
          "without-password"
          "prohibit-password"
          "forced-commands-only"
          "no"
        ]
      )) "prohibit-password";
      KbdInteractiveAuthentication = on;
      GatewayPorts = declare.maybe;
      StrictModes = on;
      PrintMotd = off;
      Ciphers = declare.nullOr (types.listOf types.str);
      Macs = declare.nullOr (types.listOf types.str);
      KexAlgorithms = declare.nullOr (types.listOf types.str);
      AllowUsers = declare.nullOr (types.listOf types.str);
      DenyUsers = declare.nullOr (types.listOf types.str);
      AllowGroups = declare.nullOr (types.listOf types.str);
      DenyGroups = declare.nullOr (types.listOf types.str);
    };
  };

  config = lib.mkIf cfg.enable {
    users.users.sshd = {
      isSystemUser = true;
      group = "sshd";
      description = "SSH privilege separation user";
    };
    users.groups.sshd = { };
    networking.firewall.allowedTCPPorts = lib.optionals cfg.openFirewall cfg.ports;
    systemd.services.sshd = {
      description = "SSH Daemon";
      wantedBy = lib.optional (!cfg.startWhenNeeded) "multi-user.target";
      after = [ "network.target" ];
      stopIfChanged = false;
      serviceConfig = {
        ExecStart = "${cfg.package}/bin/sshd -D -f /etc/ssh/sshd_config";
        KillMode = "process";
        Restart = "always";
        Type = "notify";
      };
    };
  };
}
