import ../_good/module.nix {
  always = _: {
    services.udev.extraRules = ''
      SUBSYSTEM=="misc", KERNEL=="rknpu", GROUP="render", MODE="0660"
    '';
  };
}
