# Containers: containerd, Docker and Podman.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  inherit (lib) types;
  cfg = config.virtualisation;
  declare = import ../../lib/declare.nix { inherit lib; };
  inherit (declare) off on tree;
in
{
  options.virtualisation = {
    containerd = {
      enable = off;
      configFile = declare.nullOr types.path;
    };
    containers = {
      enable = off;
      policy = tree;
    };
    docker = {
      enable = off;
      package = declare.package pkgs.docker;
      enableOnBoot = on;
      listenOptions = declare.of (types.listOf types.str) [ "/run/docker.sock" ];
      storageDriver = declare.nullOr (
        types.enum [
          "aufs"
          "btrfs"
          "devicemapper"
          "overlay"
          "overlay2"
          "zfs"
        ]
      );
      extraOptions = declare.of (types.separatedString " ") "";
      daemon.settings = declare.settings types.attrs {
        hosts = declare.strings;
        live-restore = on;
      };
      rootless.package = declare.package pkgs.docker;
    };
    podman = {
      enable = off;
      package = declare.package pkgs.podman;
      dockerCompat = off;
    };
  };

  config = lib.mkMerge [
    (lib.mkIf cfg.docker.enable {
      users.groups.docker.gid = config.ids.gids.docker;
      environment.systemPackages = [ cfg.docker.package ];
      boot.kernelModules = [
        "bridge"
        "veth"
        "br_netfilter"
        "xt_nat"
      ];
      systemd.services.docker = {
        wantedBy = lib.optional cfg.docker.enableOnBoot "multi-user.target";
        after = [
          "network.target"
          "docker.socket"
        ];
        requires = [ "docker.socket" ];
        serviceConfig = {
          Type = "notify";
          ExecStart = [
            ""
            "${cfg.docker.package}/bin/dockerd ${cfg.docker.extraOptions}"
          ];
        };
      };
      systemd.sockets.docker = {
        description = "Docker Socket for the API";
        wantedBy = [ "sockets.target" ];
        socketConfig = {
          ListenStream = cfg.docker.listenOptions;
          SocketMode = "0660";
          SocketUser = "root";
          SocketGroup = "docker";
        };
      };
    })
    (lib.mkIf cfg.podman.enable {
      environment.systemPackages = [ cfg.podman.package ];
      users.groups.podman = { };
      virtualisation.containers.enable = true;
      assertions = [
        {
          assertion = cfg.podman.dockerCompat -> !cfg.docker.enable;
          message = "Option dockerCompat conflicts with docker";
        }
      ];
    })
    (lib.mkIf cfg.containers.enable {
      environment.etc."containers/policy.json".text = builtins.toJSON cfg.containers.policy;
    })
    (lib.mkIf cfg.containerd.enable {
      environment.systemPackages = [ pkgs.containerd ];
      systemd.services.containerd = {
        description = "containerd - container runtime";
        wantedBy = [ "multi-user.target" ];
        after = [
          "network.target"
          "local-fs.target"
          "dbus.service"
        ];
        serviceConfig = {
          ExecStart = "${pkgs.containerd}/bin/containerd --config ${toString cfg.containerd.configFile}";
          Delegate = "yes";
          KillMode = "process";
          Type = "notify";
          Restart = "always";
          RestartSec = "10";
        };
      };
    })
  ];
}
