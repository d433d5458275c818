import ../_good/module.nix {
  device = { cfg, pkgs, ... }: {
    services.udev.packages = [
      (pkgs.writeTextDir "lib/udev/rules.d/70-npu.rules" ''
        SUBSYSTEM=="drm", ENV{ID_PATH}=="platform-fdab0000.npu", GROUP="${cfg.group}", MODE="${cfg.mode}"
        SUBSYSTEM=="misc", ENV{DEVNAME}=="/dev/rknpu", GROUP="${cfg.group}", MODE="${cfg.mode}"
      '')
    ];
    users.groups.${cfg.group} = { };
  };
}
