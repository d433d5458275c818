# Containers that run as systemd services.
{
  config,
  lib,
  ...
}:

let
  inherit (lib) types;
  cfg = config.virtualisation.oci-containers;
  declare = import ../../lib/declare.nix { inherit lib; };
  inherit (declare) off on;

  container =
    { name, ... }:
    {
      options = {
        image = declare.required types.str;
        imageFile = declare.nullOr types.package;
        imageStream = declare.nullOr types.package;
        pull = declare.enum [
          "always"
          "missing"
          "never"
          "newer"
        ] "missing";
        login = {
          username = declare.maybe;
          passwordFile = declare.maybe;
          registry = declare.maybe;
        };
        cmd = declare.strings;
        entrypoint = declare.maybe;
        labels = declare.attrsOf types.str;
        environment = declare.attrsOf types.str;
        environmentFiles = declare.paths;
        log-driver = declare.str "journald";
        ports = declare.strings;
        user = declare.maybe;
        volumes = declare.strings;
        workdir = declare.maybe;
        dependsOn = declare.strings;
        hostname = declare.maybe;
        preRunExtraOptions = declare.strings;
        extraOptions = declare.strings;
        networks = declare.strings;
        devices = declare.listOf types.str;
        privileged = off;
        capabilities = declare.attrsOf (types.nullOr types.bool);
        autoStart = on;
        autoRemoveOnStop = on;
        serviceName = declare.str "${cfg.backend}-${name}";
        podman = declare.nullOr (
          declare.submodule {
            sdnotify = declare.str "conmon";
            user = declare.str "root";
          }
        );
      };
    };

  arguments =
    name: one:
    [
      "--name=${name}"
      "--log-driver=${one.log-driver}"
    ]
    ++ lib.mapAttrsToList (variable: value: "-e ${lib.escapeShellArg "${variable}=${value}"}") one.environment
    ++ map (file: "--env-file ${lib.escapeShellArg (toString file)}") one.environmentFiles
    ++ map (port: "-p ${lib.escapeShellArg port}") one.ports
    ++ lib.optional (one.user != null) "-u ${lib.escapeShellArg one.user}"
    ++ map (volume: "-v ${lib.escapeShellArg volume}") one.volumes
    ++ map (device: "--device=${lib.escapeShellArg device}") one.devices
    ++ lib.optional one.privileged "--privileged"
    ++ map lib.escapeShellArg one.extraOptions
    ++ [ one.image ]
    ++ map lib.escapeShellArg one.cmd;
  after = map (other: "${cfg.containers.${other}.serviceName}.service");
  service =
    name: one:
    lib.nameValuePair one.serviceName {
      wantedBy = lib.optional one.autoStart "multi-user.target";
      wants = [ "network-online.target" ];
      after = [
        "network-online.target"
      ]
      ++ lib.optionals (cfg.backend == "docker") [
        "docker.service"
        "docker.socket"
      ]
      ++ after one.dependsOn;
      requires = after one.dependsOn;
      path = [
        (if cfg.backend == "docker" then config.virtualisation.docker.package else config.virtualisation.podman.package)
      ];
      script = "exec ${cfg.backend} run \\\n  ${lib.concatStringsSep " \\\n  " (arguments name one)}";
      postStop = "${cfg.backend} rm -f ${name} || true";
      serviceConfig = {
        TimeoutStartSec = 0;
        TimeoutStopSec = 120;
        Restart = "always";
      };
    };
in
{
  options.virtualisation.oci-containers = {
    backend = declare.enum [
      "podman"
      "docker"
    ] "podman";
    containers = declare.namedBy container;
  };
  config = lib.mkIf (cfg.containers != { }) {
    systemd.services = lib.mapAttrs' service cfg.containers;
    virtualisation.podman.enable = lib.mkIf (cfg.backend == "podman") true;
    virtualisation.docker.enable = lib.mkIf (cfg.backend == "docker") true;
  };
}
