# Containers that are NixOS systems themselves, run by systemd-nspawn.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  inherit (lib) mkOption types;
  declare = import ../../lib/declare.nix { inherit lib; };
  inherit (declare) off;
  cfg = config.containers;

  # A container has a configuration of its own, without the machine's overlays.
  system =
    name:
    mkOption {
      description = "The container's configuration.";
      type = lib.mkOptionType {
        name = "Toplevel NixOS config";
        merge =
          _: definitions:
          (import ../../lib/eval-config.nix {
            inherit lib;
            system = null;
            prefix = [
              "containers"
              name
            ];
            modules = [
              {
                nixpkgs.hostPlatform = pkgs.stdenv.hostPlatform.system;
                boot.isContainer = true;
                networking.hostName = lib.mkDefault name;
                networking.useDHCP = false;
              }
            ]
            ++ map (one: one.value) definitions;
          }).config;
      };
    };
  mount =
    { name, ... }:
    {
      options = {
        mountPoint = declare.str name;
        hostPath = declare.maybe;
        isReadOnly = declare.on;
      };
    };
  addresses = {
    hostBridge = declare.maybe;
    hostAddress = declare.maybe;
    hostAddress6 = declare.maybe;
    localAddress = declare.maybe;
    localAddress6 = declare.maybe;
    forwardPorts = declare.listOf (
      declare.submodule {
        protocol = declare.str "tcp";
        hostPort = declare.required types.int;
        containerPort = declare.nullOr types.int null;
      }
    );
  };
  container =
    { name, options, config, ... }:
    {
      options = addresses // {
        config = system name;
        path = declare.required types.path;
        flake = declare.maybe;
        specialArgs = declare.attrsOf types.unspecified;
        nixpkgs = declare.of types.path pkgs.path;
        additionalCapabilities = declare.strings;
        ephemeral = off;
        enableTun = off;
        privateNetwork = off;
        privateUsers = declare.either types.ints.u32 (types.enum [ "no" "identity" "pick" ]) "no";
        networkNamespace = declare.nullOr types.path;
        interfaces = declare.strings;
        macvlans = declare.strings;
        extraVeths = declare.attrsOf (declare.submodule addresses);
        autoStart = off;
        restartIfChanged = declare.on;
        timeoutStartSec = declare.str "1min";
        bindMounts = declare.namedBy mount;
        allowedDevices = declare.listOf (
          declare.submodule {
            node = declare.required types.str;
            modifier = declare.required types.str;
          }
        );
        tmpfs = declare.strings;
        extraFlags = declare.strings;
        # The assertions of its configuration; those of a system given by path are unknown.
        ownAssertions = mkOption {
          internal = true;
          type = types.listOf types.unspecified;
          default = lib.optionals options.config.isDefined config.config.assertions;
        };
      };
      config = lib.mkIf options.config.isDefined {
        path = config.config.system.build.toplevel;
      };
    };

  flags =
    one:
    lib.mapAttrsToList (
      _: mounted:
      let
        source = if mounted.hostPath == null then mounted.mountPoint else mounted.hostPath;
      in
      "--bind${lib.optionalString mounted.isReadOnly "-ro"}=${source}:${mounted.mountPoint}"
    ) one.bindMounts
    ++ lib.optional one.privateNetwork "--network-veth"
    ++ map (interface: "--network-interface=${interface}") one.interfaces
    ++ lib.optional (one.additionalCapabilities != [ ]) "--capability=${lib.concatStringsSep "," one.additionalCapabilities}"
    ++ one.extraFlags;
  service =
    name: one:
    lib.nameValuePair "container@${name}" {
      description = "Container '${name}'";
      wantedBy = lib.optional one.autoStart "machines.target";
      wants = [ "network.target" ];
      after = [ "network.target" ];
      environment.SYSTEM_PATH = toString one.path;
      script = "exec systemd-nspawn --machine=${name} --notify-ready=yes ${lib.escapeShellArgs (flags one)} $SYSTEM_PATH/init";
      serviceConfig = {
        Type = "notify";
        Slice = "machine.slice";
        Delegate = true;
        TimeoutStartSec = one.timeoutStartSec;
        DevicePolicy = "closed";
        DeviceAllow = map (device: "${device.node} ${device.modifier}") one.allowedDevices;
      };
    };
in
{
  options.containers = declare.namedBy container;
  config = lib.mkIf (cfg != { }) {
    assertions = lib.concatLists (
      lib.mapAttrsToList (
        name: one:
        map (inner: inner // { message = "container ${name}: ${inner.message}"; }) one.ownAssertions
      ) cfg
    );
    systemd.services = lib.mapAttrs' service cfg;
  };
}
