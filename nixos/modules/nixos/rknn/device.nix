# The device node of the NPU: kernel driver, udev rules, group.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  cfg = config.hardware.rknn;
  condition = (import ./condition.nix).isRk3588;

  access = ''GROUP="${cfg.device.group}", MODE="${cfg.device.mode}"'';
  # The stack's kernel module, udev rules, and how udevadm selects its devices.
  stack =
    {
      vendor = {
        module = "rknpu";
        # A driver built for DMA heaps has a misc device. One built for DRM has a card, which the runtime opens, and a
        # render node; their numbers vary, and only the driver tells them from those of GPU and display.
        rules = ''
          SUBSYSTEM=="misc", KERNEL=="rknpu*", ${access}
          SUBSYSTEM=="drm", KERNEL=="card*|renderD*", DRIVERS=="RKNPU", ${access}
        '';
        devices = "--subsystem-match=misc --subsystem-match=drm --sysname-match=rknpu* --sysname-match=card* --sysname-match=renderD*";
      };
      mainline = {
        module = "rocket";
        rules = ''
          SUBSYSTEM=="accel", KERNEL=="accel*", KERNELS=="rknn", ${access}
        '';
        devices = "--subsystem-match=accel";
      };
    }
    .${cfg.stack};
in
{
  config = lib.mkIf cfg.active {
    # Not services.udev.extraRules: those come last (99), and other rules could not build on them.
    services.udev.packages = [ (pkgs.writeTextDir "lib/udev/rules.d/60-rknn.rules" stack.rules) ];

    users.groups.${cfg.device.group} = { };

    boot.extraModulePackages = lib.optional (
      cfg.driver.enable && cfg.driver.package != null
    ) cfg.driver.package;

    # udev loads the driver by the device tree's modalias. With this unit, a missing or rejected driver is a failed
    # unit on an RK3588; boot.kernelModules would load the module on every board. After a switch from a kernel
    # without the driver it only prints what is missing: deployment tools roll back when a unit fails, and the
    # kernel that has the driver would never boot.
    systemd.services.rknn-driver = lib.mkIf cfg.driver.enable {
      description = "Load the RK3588 NPU driver (${stack.module})";
      wantedBy = [ "multi-user.target" ];
      after = [ "systemd-udevd.service" ];
      unitConfig.ConditionFirmware = condition;
      serviceConfig = {
        Type = "oneshot";
        RemainAfterExit = true;
      };
      path = [
        pkgs.coreutils
        pkgs.kmod
      ];
      script = ''
        booted=$(readlink -f /run/booted-system/kernel-modules)
        current=$(readlink -f /run/current-system/kernel-modules)
        if [ "$booted" != "$current" ] && ! modprobe --dry-run --quiet ${stack.module}; then
          echo "hardware.rknn: ${stack.module} comes with the kernel of the next boot; there is no NPU until then"
          exit 0
        fi
        modprobe ${stack.module}
      '';
    };

    # A switch reloads the rules, but does not apply them to existing devices.
    systemd.services.rknn-access = {
      description = "Apply the RK3588 NPU's udev rules to existing devices";
      wantedBy = [ "multi-user.target" ];
      after = [ "systemd-udevd.service" ] ++ lib.optional cfg.driver.enable "rknn-driver.service";
      restartTriggers = [ stack.rules ];
      unitConfig.ConditionFirmware = condition;
      serviceConfig = {
        Type = "oneshot";
        RemainAfterExit = true;
        ExecStart = "${lib.getExe' config.systemd.package "udevadm"} trigger --action=change --settle ${stack.devices}";
      };
    };

    # Unloads the module once the configuration no longer has it. A unit of its own, so that no update restarts it.
    systemd.services.rknn-unload = lib.mkIf (cfg.driver.enable && cfg.driver.package != null) {
      description = "Unload the RK3588 NPU driver (${stack.module}) once the configuration no longer has it";
      wantedBy = [ "multi-user.target" ];
      before = [ "rknn-driver.service" ];
      restartIfChanged = false;
      unitConfig.ConditionFirmware = condition;
      serviceConfig = {
        Type = "oneshot";
        RemainAfterExit = true;
        ExecStart = lib.getExe' pkgs.coreutils "true";
      };
      path = [
        pkgs.kmod
        config.systemd.package
      ];
      preStop = ''
        if [ "$(systemctl is-system-running)" = stopping ]; then
          exit 0
        fi
        modprobe --remove ${stack.module} || echo "hardware.rknn: ${stack.module} is in use and stays until the next boot"
      '';
    };
  };
}
