import ../_good/mainline.nix {
  device = { pkgs, ... }: {
    services.udev.packages = [
      (pkgs.writeTextDir "lib/udev/rules.d/70-npu.rules" ''
        SUBSYSTEM=="accel", KERNEL=="accel*", DRIVERS=="rocket", GROUP="render", MODE="0660"
      '')
    ];
  };
}
