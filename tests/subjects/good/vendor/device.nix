{ cfg, config, lib, pkgs }:

{
  services.udev.packages = [
    (pkgs.writeTextDir "lib/udev/rules.d/70-npu.rules" ''
      SUBSYSTEM=="misc", KERNEL=="rknpu", GROUP="${cfg.group}", MODE="${cfg.mode}"
      SUBSYSTEM=="drm", KERNEL=="renderD*", DRIVERS=="RKNPU", GROUP="${cfg.group}", MODE="${cfg.mode}"
    '')
  ];
  users.groups.${cfg.group} = { };
}
