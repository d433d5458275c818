# The network: names, addresses, who manages them, and the firewall.
{ config, lib, ... }:

let
  inherit (lib) mkOption types;
  cfg = config.networking;
  declare = import ../lib/declare.nix { inherit lib; };
  inherit (declare) lines off on;

  gateway = declare.nullOr (
    types.coercedTo types.str (address: { inherit address; }) (
      declare.submodule {
        address = declare.required types.str;
        interface = declare.maybe;
        metric = declare.nullOr types.int;
        source = declare.maybe;
      }
    )
  );

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
    hostName = declare.of (types.strMatching "^$|^[[:alnum:]]([[:alnum:]_-]{0,61}[[:alnum:]])?$") "nixos";
    hostId = declare.nullOr (types.strMatching "[0-9a-f]{8}");
    domain = declare.maybe;
    fqdn = declare.of types.str (
      if cfg.hostName != "" && cfg.domain != null then
        "${cfg.hostName}.${cfg.domain}"
      else
        throw "The FQDN is required but cannot be determined from `networking.hostName` and `networking.domain`."
    );
    fqdnOrHostName = declare.str (if cfg.domain == null then cfg.hostName else cfg.fqdn);
    hosts = declare.attrsOf (types.listOf types.str);
    extraHosts = lines;
    usePredictableInterfaceNames = on;
    defaultGateway = gateway;
    defaultGateway6 = gateway;
    networkmanager.enable = off;
    firewall = openings // {
      interfaces = declare.namedBy { options = openings; };
      checkReversePath = declare.either types.bool (types.enum [
        "strict"
        "loose"
      ]) true;
      pingLimit = declare.nullOr (types.separatedString " ");
    };
  };

  config = {
    environment.etc = {
      hostname = lib.mkIf (cfg.hostName != "") { text = cfg.hostName + "\n"; };
      hosts.text = lib.concatStrings (
        lib.mapAttrsToList (address: names: "${address} ${toString names}\n") cfg.hosts
      ) + cfg.extraHosts;
    };
    networking.hosts = {
      "127.0.0.1" = [ "localhost" ];
      "::1" = [ "localhost" ];
      "127.0.0.2" = lib.mkIf (cfg.hostName != "") [ cfg.hostName ];
    };
    systemd.services.NetworkManager = lib.mkIf cfg.networkmanager.enable {
      wantedBy = [ "multi-user.target" ];
    };
    users.groups.networkmanager = lib.mkIf cfg.networkmanager.enable { gid = config.ids.gids.networkmanager; };
  };
}
