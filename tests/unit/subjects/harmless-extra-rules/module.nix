import ../_good/module.nix {
  device = { cfg, ... }: {
    services.udev.extraRules = ''
      # the NPU
      KERNEL=="rknpu", MODE="${cfg.mode}", GROUP="${cfg.group}"
      ACTION=="add|change", SUBSYSTEM=="drm", KERNEL=="renderD*", DRIVERS=="RKNPU", \
        MODE="${cfg.mode}", GROUP="${cfg.group}"
    '';
    users.groups.${cfg.group} = { };
  };
}
