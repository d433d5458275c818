final: prev: {
  librknnrt_2_3 = final.callPackage ../_good/packages/runtime.nix { };
  librknnrt_1_5 = final.callPackage ./old.nix { };
}
