# The firewall, address translation and nftables.
{ lib, ... }:
let
  inherit (lib) mkOption types;
  declare = import ../../lib/declare.nix { inherit lib; };
  inherit (declare) lines off on;

  ports = mkOption {
    type = types.listOf types.port;
    default = [ ];
    apply = list: lib.unique (lib.sort builtins.lessThan list);
  };
  ranges = declare.listOf (types.attrsOf types.port);
  openings = {
    allowedTCPPorts = ports;
    allowedUDPPorts = ports;
    allowedTCPPortRanges = ranges;
    allowedUDPPortRanges = ranges;
  };
in
{
  options.networking = {
    firewall = openings // {
      enable = on;
      package = declare.nullOr types.package;
      backend = declare.enum [
        "iptables"
        "nftables"
        "firewalld"
      ] "iptables";
      allowPing = on;
      pingLimit = declare.nullOr (types.separatedString " ");
      trustedInterfaces = declare.strings;
      checkReversePath = declare.either types.bool (types.enum [
        "strict"
        "loose"
      ]) true;
      logRefusedConnections = on;
      logRefusedPackets = off;
      logRefusedUnicastsOnly = on;
      logReversePathDrops = off;
      rejectPackets = off;
      filterForward = off;
      connectionTrackingModules = declare.strings;
      autoLoadConntrackHelpers = off;
      extraCommands = lines;
      extraStopCommands = lines;
      extraInputRules = lines;
      extraForwardRules = lines;
      extraReversePathFilterRules = lines;
      extraPackages = declare.packages;
      interfaces = declare.namedBy { options = openings; };
      allInterfaces = declare.attrsOf types.attrs;
    };
    nftables = {
      enable = off;
      checkRuleset = on;
      flushRuleset = off;
      ruleset = lines;
      rulesetFile = declare.nullOr types.path;
      extraDeletions = lines;
      preCheckRuleset = lines;
      tables = declare.attrsOf types.attrs;
    };
    nat = {
      enable = off;
      enableIPv6 = off;
      externalInterface = declare.maybe;
      externalIP = declare.maybe;
      externalIPv6 = declare.maybe;
      internalInterfaces = declare.strings;
      internalIPs = declare.strings;
      internalIPv6s = declare.strings;
      dmzHost = declare.maybe;
      forwardPorts = declare.listOf types.attrs;
      extraCommands = lines;
      extraStopCommands = lines;
    };
  };
}
