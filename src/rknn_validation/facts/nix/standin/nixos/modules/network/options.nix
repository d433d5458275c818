# The network: names, addresses and who manages them.
{ config, lib, ... }:

let
  inherit (lib) types;
  cfg = config.networking;
  declare = import ../../lib/declare.nix { inherit lib; };
  inherit (declare) lines off on;

  addresses = declare.listOf (
    declare.submodule {
      address = declare.required types.str;
      prefixLength = declare.required types.int;
    }
  );
  routes = declare.listOf (
    declare.submodule {
      address = declare.required types.str;
      prefixLength = declare.required types.int;
      type = declare.maybe;
      via = declare.maybe;
      options = declare.attrsOf types.str;
    }
  );
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
  interface =
    { name, ... }:
    {
      options = {
        name = declare.str name;
        useDHCP = declare.nullOr types.bool;
        ipv4.addresses = addresses;
        ipv4.routes = routes;
        ipv6.addresses = addresses;
        ipv6.routes = routes;
        macAddress = declare.maybe;
        mtu = declare.nullOr types.int;
        virtual = off;
        virtualOwner = declare.str "root";
        virtualType = declare.maybe;
        proxyARP = off;
        tempAddress = declare.str "default";
        wakeOnLan.enable = off;
        wakeOnLan.policy = declare.of (types.listOf types.str) [ "magic" ];
      };
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
    hostFiles = declare.paths;
    extraHosts = lines;
    nameservers = declare.strings;
    search = declare.strings;
    timeServers = declare.of (types.listOf types.str) [
      "0.nixos.pool.ntp.org"
      "1.nixos.pool.ntp.org"
      "2.nixos.pool.ntp.org"
      "3.nixos.pool.ntp.org"
    ];
    useDHCP = on;
    useNetworkd = off;
    useHostResolvConf = off;
    usePredictableInterfaceNames = on;
    enableIPv6 = on;
    tempAddresses = declare.str "default";
    dhcpcd = {
      enable = on;
      persistent = off;
      denyInterfaces = declare.strings;
      allowInterfaces = declare.nullOr (types.listOf types.str);
      extraConfig = lines;
      runHook = lines;
      wait = declare.str "any";
    };
    interfaces = declare.namedBy interface;
    defaultGateway = gateway;
    defaultGateway6 = gateway;
    defaultGatewayWindowSize = declare.nullOr types.int;
    localCommands = lines;
    bridges = declare.namedBy {
      options = {
        interfaces = declare.strings;
        rstp = off;
      };
    };
    bonds = declare.namedBy {
      options = {
        interfaces = declare.strings;
        driverOptions = declare.attrsOf types.str;
      };
    };
    vlans = declare.namedBy {
      options = {
        id = declare.required types.int;
        interface = declare.required types.str;
      };
    };
    macvlans = declare.namedBy {
      options = {
        interface = declare.required types.str;
        mode = declare.maybe;
      };
    };
    proxy = {
      default = declare.maybe;
      httpProxy = declare.maybe;
      httpsProxy = declare.maybe;
      ftpProxy = declare.maybe;
      rsyncProxy = declare.maybe;
      allProxy = declare.maybe;
      noProxy = declare.maybe;
      envVars = declare.attrsOf types.str;
    };
    resolvconf.enable = on;
    resolvconf.extraConfig = lines;
    resolvconf.useLocalResolver = off;
    wireless.enable = off;
    wireless.interfaces = declare.strings;
    wireless.userControlled.enable = off;
    wireless.networks = declare.attrsOf types.attrs;
    networkmanager = {
      enable = off;
      unmanaged = declare.strings;
      dns = declare.str "default";
      dhcp = declare.str "internal";
      plugins = declare.packages;
      settings = declare.ini;
      wifi.backend = declare.str "wpa_supplicant";
      wifi.powersave = declare.nullOr types.bool;
      wifi.macAddress = declare.str "preserve";
      wifi.scanRandMacAddress = on;
      ethernet.macAddress = declare.str "preserve";
      logLevel = declare.str "WARN";
      appendNameservers = declare.strings;
      insertNameservers = declare.strings;
      ensureProfiles.profiles = declare.attrsOf types.attrs;
      ensureProfiles.environmentFiles = declare.paths;
      dispatcherScripts = declare.listOf types.attrs;
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
