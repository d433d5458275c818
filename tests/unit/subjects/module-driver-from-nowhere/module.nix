import ../_good/module.nix {
  driver = _: { boot.kernelModules = [ "rknpu" ]; };
}
