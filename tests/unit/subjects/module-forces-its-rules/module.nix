import ../_good/module.nix {
  device = { cfg, lib, ... }: {
    services.udev.extraRules = lib.mkForce ''
      SUBSYSTEM=="misc", KERNEL=="rknpu", GROUP="${cfg.group}", MODE="${cfg.mode}"
      SUBSYSTEM=="drm", KERNEL=="renderD*", DRIVERS=="RKNPU", GROUP="${cfg.group}", MODE="${cfg.mode}"
    '';
  };
}
