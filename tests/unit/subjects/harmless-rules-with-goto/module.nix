import ../_good/module.nix {
  device = { cfg, pkgs, ... }: {
    services.udev.packages = [
      (pkgs.writeTextDir "lib/udev/rules.d/70-npu.rules" ''
        ACTION=="remove", GOTO="npu_end"
        SUBSYSTEM!="misc|drm", GOTO="npu_end"
        SUBSYSTEM=="misc", KERNEL=="rknpu", GROUP="${cfg.group}", MODE="${cfg.mode}"
        KERNEL=="renderD[0-9]*", SUBSYSTEM=="drm", SUBSYSTEMS=="platform", KERNELS=="*.npu", DRIVERS=="RKNPU", GROUP="${cfg.group}", MODE="${cfg.mode}"
        LABEL="npu_end"
      '')
    ];
    users.groups.${cfg.group} = { };
  };
}
