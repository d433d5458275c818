import ../_good/module.nix {
  device = { cfg, pkgs, ... }: {
    services.udev.packages = [
      (pkgs.writeTextDir "lib/udev/rules.d/55-npu.rules" ''
        SUBSYSTEM=="misc", KERNEL=="rknpu", GROUP="${cfg.group}", MODE="${cfg.mode}"
        SUBSYSTEM=="drm", ENV{ID_PATH}=="platform-fdab0000.npu", GROUP="${cfg.group}", MODE="${cfg.mode}"
      '')
    ];
    users.groups.${cfg.group} = { };
  };
}
