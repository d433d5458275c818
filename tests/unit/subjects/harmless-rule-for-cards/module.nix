import ../_good/module.nix {
  device = { cfg, pkgs, ... }: {
    services.udev.packages = [
      (pkgs.writeTextDir "lib/udev/rules.d/70-npu.rules" ''
        KERNEL=="rknpu", GROUP="${cfg.group}", MODE="${cfg.mode}"
        SUBSYSTEM=="drm", KERNEL=="card*|renderD*", KERNELS=="fdab0000.npu", GROUP="${cfg.group}", MODE="${cfg.mode}"
      '')
    ];
    users.groups.${cfg.group} = { };
  };
}
