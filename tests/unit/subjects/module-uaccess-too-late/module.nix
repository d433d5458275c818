import ../_good/module.nix {
  device = { cfg, ... }: {
    services.udev.extraRules = ''
      SUBSYSTEM=="misc", KERNEL=="rknpu", GROUP="${cfg.group}", MODE="${cfg.mode}", TAG+="uaccess"
    '';
    users.groups.${cfg.group} = { };
  };
}
