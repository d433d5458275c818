# The NPU runtime, built with whatever nixpkgs is at hand.
final: prev: {
  npu-runtime = (import <nixpkgs> { }).callPackage ../_good/packages/runtime.nix { };
}
