import ../_good/module.nix {
  device = { cfg, pkgs, ... }: {
    services.udev.packages = [
      (pkgs.writeTextDir "lib/udev/rules.d/70-npu.rules" ''
        SUBSYSTEM=="misc", KERNEL=="rknpu", GROUP="${cfg.group}", MODE="${cfg.mode}", SYMLINK+="npu/vendor"
        SUBSYSTEM=="drm", DRIVERS=="RKNPU", GROUP="${cfg.group}", MODE="${cfg.mode}", SYMLINK+="npu/$kernel"
      '')
    ];
    users.groups.${cfg.group} = { };
  };
}
