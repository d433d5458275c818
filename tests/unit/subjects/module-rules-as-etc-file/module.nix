import ../_good/module.nix {
  more = _: {
    environment.etc."udev/rules.d/99-npu.rules".text = ''
      KERNEL=="rknpu", GROUP="render", MODE="0660"
    '';
  };
}
