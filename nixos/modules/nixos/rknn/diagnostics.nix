# What the node itself says of its NPU: a verdict at every boot, and its readings for Prometheus.
{
  config,
  lib,
  ...
}:

let
  cfg = config.hardware.rknn;
  condition = (import ./condition.nix).isRk3588;
  program = lib.getExe' cfg.diagnostics.package;

  # Both read what the kernel tells root, and write nothing but the verdict.
  hardening = {
    DevicePolicy = "closed";
    LockPersonality = true;
    MemoryDenyWriteExecute = true;
    NoNewPrivileges = true;
    PrivateNetwork = true;
    PrivateTmp = true;
    ProtectClock = true;
    ProtectControlGroups = true;
    ProtectHome = true;
    ProtectHostname = true;
    ProtectKernelModules = true;
    ProtectKernelTunables = true;
    ProtectSystem = "strict";
    RestrictAddressFamilies = [ "AF_UNIX" ];
    RestrictNamespaces = true;
    RestrictRealtime = true;
    RestrictSUIDSGID = true;
    SystemCallArchitectures = "native";
    SystemCallFilter = [ "@system-service" ];
  };
in
{
  options.hardware.rknn = {
    diagnostics.atBoot = lib.mkOption {
      type = lib.types.bool;
      default = false;
      description = ''
        Whether to run `rknn-doctor` at boot. Its verdict is in the journal and in `/run/rknn/verdict.json`. The unit
        itself succeeds whatever the verdict is: deployment tools roll back a switch if a unit fails.
      '';
    };

    exporter = {
      enable = lib.mkEnableOption ''
        an exporter of the NPU's readings for Prometheus: load of each core, frequency, temperature, clients, resets,
        versions and the last verdict. It runs only while it is asked'';

      listen = lib.mkOption {
        type = lib.types.str;
        default = "127.0.0.1:9401";
        example = "/run/rknn-exporter.sock";
        description = ''
          Address and port, or the path of a socket, as `ListenStream=` of systemd takes it. `/metrics` is served there
          without authentication. The firewall is left as it is.
        '';
      };
    };
  };

  config = lib.mkIf cfg.active (
    lib.mkMerge [
      (lib.mkIf cfg.diagnostics.atBoot {
        systemd.services.rknn-check = {
          description = "Check the RK3588 NPU at boot";
          wantedBy = [ "multi-user.target" ];
          after = [
            "rknn-access.service"
          ]
          ++ lib.optional cfg.driver.enable "rknn-driver.service"
          ++ lib.optional (cfg.runtime.enable && cfg.stack == "vendor") "rknn-runtime-link.service";
          unitConfig.ConditionFirmware = condition;
          serviceConfig = hardening // {
            Type = "oneshot";
            RemainAfterExit = true;
            ExecStart = "${program "rknn-doctor"} --save /run/rknn/verdict.json";
            # Something is wrong, or could not be checked.
            SuccessExitStatus = [
              1
              3
            ];
            TimeoutStartSec = 60;
            RuntimeDirectory = "rknn";
            RuntimeDirectoryMode = "0755";
            RuntimeDirectoryPreserve = true;
            CapabilityBoundingSet = "";
            ProtectKernelLogs = true;
            # Misc devices have one major number; the vendor's card and rocket's node have those of DRM and accel.
            DeviceAllow = [
              "/dev/rknpu rw"
              "char-drm rw"
              "char-accel rw"
            ];
          };
        };
      })

      (lib.mkIf cfg.exporter.enable {
        systemd.sockets.rknn-exporter = {
          description = "Readings of the RK3588 NPU for Prometheus";
          wantedBy = [ "sockets.target" ];
          unitConfig.ConditionFirmware = condition;
          listenStreams = [ cfg.exporter.listen ];
          socketConfig = {
            Accept = true;
            MaxConnections = 8;
          };
        };

        systemd.services."rknn-exporter@" = {
          description = "Answer one request for the RK3588 NPU's readings";
          unitConfig.CollectMode = "inactive-or-failed";
          serviceConfig = hardening // {
            ExecStart = "${program "rknn-readings"} --serve";
            StandardInput = "socket";
            StandardOutput = "socket";
            StandardError = "journal";
            RuntimeMaxSec = 30;
            MemoryMax = "32M";
            # For the open files of all processes, and for the kernel's log.
            CapabilityBoundingSet = [
              "CAP_DAC_READ_SEARCH"
              "CAP_SYS_PTRACE"
              "CAP_SYSLOG"
            ];
            DeviceAllow = [ "/dev/kmsg r" ];
          };
        };
      })
    ]
  );
}
