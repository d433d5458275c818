import ../_good/module.nix {
  more = { lib, ... }: { boot.kernelModules = lib.mkForce [ "rknpu" ]; };
}
