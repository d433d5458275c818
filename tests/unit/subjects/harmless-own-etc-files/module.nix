import ../_good/module.nix {
  more = _: {
    environment.etc = {
      "rknn/runtime.conf".text = "log=1";
      "modules-load.d/npu.conf".text = "rknpu";
    };
  };
}
