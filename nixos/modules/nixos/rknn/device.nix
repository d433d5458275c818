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
    # failed unit on an RK3588; boot.kernelModules would force the module onto every board.
    systemd.services.rknn-driver = lib.mkIf cfg.driver.enable {
      description = "Load the RK3588 NPU driver (${module})";
      wantedBy = [ "multi-user.target" ];
      after = [ "systemd-udevd.service" ];
      unitConfig.ConditionFirmware = condition;
      serviceConfig = {
        Type = "oneshot";
        RemainAfterExit = true;
        ExecStart = "${lib.getExe' pkgs.kmod "modprobe"} ${module}";
      };
    };
  };
}
