import ../_good/module.nix {
  driver = _: { boot.initrd.availableKernelModules = [ "rknpu" ]; };
}
