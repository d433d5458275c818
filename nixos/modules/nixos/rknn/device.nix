# The device node: kernel driver, udev rules, group.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  cfg = config.hardware.rknn;
  condition = import ./condition.nix;

  access = ''GROUP="${cfg.device.group}", MODE="${cfg.device.mode}"'';
  rules =
    {
      # Drivers built for DMA heaps give a misc device, those built for DRM a card, which the runtime opens, and a
      # render node. Their numbers vary: match them by their driver, or every GPU and display would be meant.
      vendor = ''
        SUBSYSTEM=="misc", KERNEL=="rknpu*", ${access}
        SUBSYSTEM=="drm", KERNEL=="card*|renderD*", DRIVERS=="RKNPU", ${access}
      '';
      mainline = ''
        SUBSYSTEM=="accel", KERNEL=="accel*", KERNELS=="rknn", ${access}
      '';
    }
    .${cfg.stack};
  module =
    {
      vendor = "rknpu";
      mainline = "rocket";
    }
    .${cfg.stack};
  devices =
    {
      vendor = "--subsystem-match=misc --subsystem-match=drm --sysname-match=rknpu* --sysname-match=renderD*";
      mainline = "--subsystem-match=accel";
    }
    .${cfg.stack};
in
{
  config = lib.mkIf cfg.active {
    # A file of its own and not services.udev.extraRules: those come last (99), where others' rules
    # can no longer build upon them.
    services.udev.packages = [ (pkgs.writeTextDir "lib/udev/rules.d/60-rknn.rules" rules) ];

    users.groups.${cfg.device.group} = { };

    boot.extraModulePackages = lib.optional (
      cfg.driver.enable && cfg.driver.package != null
    ) cfg.driver.package;

    # udev loads the driver by the device tree's modalias. This unit makes a missing or refused driver a
    # failed unit on an RK3588; boot.kernelModules would force the module onto every board. Switched to
    # from a kernel without the driver it says what is missing: a unit that fails makes tools that deploy
    # roll back, and the kernel that has it would never boot.
    systemd.services.rknn-driver = lib.mkIf cfg.driver.enable {
      description = "Load the RK3588 NPU driver (${module})";
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
        if [ "$booted" != "$current" ] && ! modprobe --dry-run --quiet ${module}; then
          echo "hardware.rknn: ${module} comes with the kernel of the next boot; there is no NPU until then"
          exit 0
        fi
        modprobe ${module}
      '';
    };

    # A switch reads rules anew and leaves devices that are there already as they are.
    systemd.services.rknn-access = {
      description = "Apply the RK3588 NPU's udev rules to a device that is there already";
      wantedBy = [ "multi-user.target" ];
      after = [ "systemd-udevd.service" ] ++ lib.optional cfg.driver.enable "rknn-driver.service";
      restartTriggers = [ rules ];
      unitConfig.ConditionFirmware = condition;
      serviceConfig = {
        Type = "oneshot";
        RemainAfterExit = true;
        ExecStart = "${lib.getExe' config.systemd.package "udevadm"} trigger --action=change --settle ${devices}";
      };
    };

    # What the configuration added to the kernel goes with it, and only then: a unit of its own that no update restarts.
    systemd.services.rknn-unload = lib.mkIf (cfg.driver.enable && cfg.driver.package != null) {
      description = "Unload the RK3588 NPU driver (${module}) once the configuration no longer brings it";
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
        modprobe --remove ${module} || echo "hardware.rknn: ${module} is in use and stays until the next boot"
      '';
    };
  };
}
