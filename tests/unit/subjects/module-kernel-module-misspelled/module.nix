import ../_good/module.nix {
  more = _: { boot.kernelModules = [ "rknn" ]; };
}
