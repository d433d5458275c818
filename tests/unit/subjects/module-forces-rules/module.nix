import ../_good/module.nix {
  more = { lib, ... }: {
    services.udev.extraRules = lib.mkForce ''
      SUBSYSTEM=="misc", KERNEL=="rknpu", GROUP="render", MODE="0660"
    '';
  };
}
