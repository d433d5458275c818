final: prev: {
  npu-detector = final.callPackage ./detector.nix { };
}
