{ cfg, config, lib, pkgs }:

{
  services.udev.packages = [
    (pkgs.writeTextDir "lib/udev/rules.d/70-npu.rules" ''
      SUBSYSTEM=="accel", KERNEL=="accel*", GROUP="${cfg.group}", MODE="${cfg.mode}"
    '')
  ];
  users.groups.${cfg.group} = { };
}
