# The Kubernetes node driver as a service of the host, and CDI specs for container engines without Kubernetes.
# Builds upon hardware.rknn (./rknn.nix, to be imported beside it): where that contributes nothing, neither does this.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  rknn = config.hardware.rknn;
  cfg = config.services.rknn-node-driver;
  condition = (import ./rknn/condition.nix).isRk3588;
  libraries =
    if !rknn.runtime.enable then
      [ ]
    else if rknn.stack == "vendor" then
      [ "vendor=${lib.getLib rknn.runtime.package}/lib/librknnrt.so:/usr/lib/librknnrt.so" ]
    else
      [ "mainline=${lib.getLib rknn.runtime.package}/lib/libteflon.so:/run/opengl-driver/lib/libteflon.so" ];
  # Everything the library needs at its own path: containers have no store.
  closure = pkgs.closureInfo { rootPaths = [ rknn.runtime.package ]; };
  given =
    map (library: "--library=${library}") libraries
    ++ lib.optional rknn.runtime.enable "--closure=${closure}/store-paths";

  # Root owns kubelet's directories and needs no capability to write there.
  hardening = {
    CapabilityBoundingSet = "";
    DevicePolicy = "closed";
    LockPersonality = true;
    NoNewPrivileges = true;
    PrivateTmp = true;
    ProtectClock = true;
    ProtectControlGroups = true;
    ProtectHome = true;
    ProtectHostname = true;
    ProtectKernelLogs = true;
    ProtectKernelModules = true;
    ProtectKernelTunables = true;
    ProtectSystem = "strict";
    RestrictNamespaces = true;
    RestrictRealtime = true;
    RestrictSUIDSGID = true;
    SystemCallArchitectures = "native";
    SystemCallFilter = [ "@system-service" ];
    # Misc devices have one major number; the vendor's card and rocket's node have those of DRM and accel.
    DeviceAllow = [
      "/dev/rknpu rw"
      "char-drm rw"
      "char-accel rw"
    ];
  };
in
{
  options = {
    hardware.rknn.cdi.enable = lib.mkEnableOption ''
      a CDI spec for the NPU, so that containerd, Docker and Podman can give it to a container as
      `rockchip.com/npu=npu-0`, without Kubernetes. It is written to `/run/cdi` when the driver is loaded, because
      the number of the device node is not known before'';

    services.rknn-node-driver = {
      enable = lib.mkEnableOption "the Kubernetes node driver for the NPU";

      package = lib.mkOption {
        type = lib.types.package;
        default = pkgs.rknn.npu-driver;
        defaultText = lib.literalExpression "pkgs.rknn.npu-driver";
        description = "Package with `bin/rknn-npu-driver`.";
      };

      interface = lib.mkOption {
        type = lib.types.enum [
          "dra"
          "device-plugin"
        ];
        default = "dra";
        description = ''
          How pods get the NPU: by DRA (Kubernetes 1.34 or newer), or by a device plugin. With either they can ask for
          `rockchip.com/npu`.
        '';
      };

      nodeName = lib.mkOption {
        type = lib.types.str;
        default = lib.toLower config.networking.hostName;
        defaultText = lib.literalExpression "lib.toLower config.networking.hostName";
        description = "Name of this node in the cluster.";
      };

      kubeconfig = lib.mkOption {
        type = lib.types.nullOr lib.types.str;
        default = "/var/lib/rancher/k3s/agent/kubelet.kubeconfig";
        description = ''
          Kubeconfig with which to reach the API server: kubelet's own, which may write the slices of its node. `null` for
          a device plugin that does not talk to the server.
        '';
      };

      replicas = lib.mkOption {
        type = lib.types.ints.positive;
        default = 1;
        description = ''
          How many containers may share the NPU. Two clients at once can crash the vendor's driver before 0.9.7.
        '';
      };

      metricsPort = lib.mkOption {
        type = lib.types.nullOr lib.types.port;
        default = null;
        example = 9400;
        description = "Port of `/healthz` and `/metrics`. The firewall is left as it is.";
      };

      extraArgs = lib.mkOption {
        type = lib.types.listOf lib.types.str;
        default = [ ];
        description = "Further arguments.";
      };
    };
  };

  config = lib.mkIf rknn.active (
    lib.mkMerge [
      (lib.mkIf rknn.cdi.enable {
        systemd.services.rknn-cdi = {
          description = "Describe the NPU to container engines (CDI)";
          wantedBy = [ "multi-user.target" ];
          before = [
            "containerd.service"
            "docker.service"
            "podman.service"
          ];
          after = [
            "rknn-access.service"
            "rknn-driver.service"
          ];
          unitConfig.ConditionFirmware = condition;
          serviceConfig = hardening // {
            Type = "oneshot";
            RemainAfterExit = true;
            ReadWritePaths = [ "/run" ];
            ExecStart = lib.escapeShellArgs (
              [
                (lib.getExe cfg.package)
                "--write-spec"
                "--cdi-folder=/run/cdi"
              ]
              ++ given
            );
          };
        };
      })

      (lib.mkIf cfg.enable {
        assertions = [
          {
            assertion = cfg.interface == "device-plugin" || cfg.kubeconfig != null;
            message = "services.rknn-node-driver.interface = \"dra\" needs the API server: set services.rknn-node-driver.kubeconfig.";
          }
        ];

        systemd.services.rknn-node-driver = {
          description = "Kubernetes node driver for the RK3588 NPU";
          wantedBy = [ "multi-user.target" ];
          after = [
            "network-online.target"
            "rknn-access.service"
            "rknn-driver.service"
          ];
          wants = [ "network-online.target" ];
          unitConfig.ConditionFirmware = condition;
          serviceConfig = hardening // {
            ExecStart = lib.escapeShellArgs (
              [
                (lib.getExe cfg.package)
                "--interface=${cfg.interface}"
                "--cdi-folder=/run/cdi"
                "--replicas=${toString cfg.replicas}"
              ]
              ++ lib.optionals (cfg.kubeconfig != null) [
                "--node=${cfg.nodeName}"
                "--kubeconfig=${cfg.kubeconfig}"
              ]
              ++ lib.optional (cfg.metricsPort != null) "--metrics=:${toString cfg.metricsPort}"
              ++ given
              ++ cfg.extraArgs
            );
            # Until kubelet has written its kubeconfig, and when the server cannot be reached.
            Restart = "always";
            RestartSec = 5;
            ReadWritePaths = [
              "/run"
              "-/var/lib/kubelet"
            ];
            MemoryMax = "96M";
            RestrictAddressFamilies = [
              "AF_INET"
              "AF_INET6"
              "AF_UNIX"
            ];
          };
        };
      })
    ]
  );
}
