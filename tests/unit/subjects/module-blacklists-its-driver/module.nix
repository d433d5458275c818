import ../_good/module.nix {
  more = _: { boot.blacklistedKernelModules = [ "rknpu" ]; };
}
