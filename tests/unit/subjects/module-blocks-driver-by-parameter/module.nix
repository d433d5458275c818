import ../_good/mainline.nix {
  more = _: { boot.kernelParams = [ "module_blacklist=rknpu,rocket" ]; };
}
