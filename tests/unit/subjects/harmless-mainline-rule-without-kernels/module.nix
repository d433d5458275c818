import ../_good/mainline.nix {
  device = _: {
    services.udev.extraRules = ''
      SUBSYSTEM=="accel", ENV{DEVTYPE}=="accel_minor", GROUP="render", MODE="0660"
    '';
  };
}
