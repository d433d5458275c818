prev: final: {
  npu-runtime = prev.callPackage ../_good/packages/runtime.nix { };
}
