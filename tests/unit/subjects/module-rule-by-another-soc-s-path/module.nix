import ../_good/module.nix {
  device = { cfg, pkgs, ... }: {
    services.udev.packages = [
      (pkgs.writeTextDir "lib/udev/rules.d/70-npu.rules" ''
        SUBSYSTEM=="misc", KERNEL=="rknpu", GROUP="${cfg.group}", MODE="${cfg.mode}"
        SUBSYSTEM=="drm", KERNELS=="fde40000.npu", GROUP="${cfg.group}", MODE="${cfg.mode}"
      '')
    ];
    users.groups.${cfg.group} = { };
  };
}
