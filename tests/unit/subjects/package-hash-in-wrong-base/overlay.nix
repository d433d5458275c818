final: prev: {
  rknn-headers = final.callPackage ./headers.nix { };
}
