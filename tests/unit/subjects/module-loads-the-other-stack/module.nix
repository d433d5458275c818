import ../_good/module.nix {
  more = _: { boot.kernelModules = [ "rknpu" "rocket" ]; };
}
