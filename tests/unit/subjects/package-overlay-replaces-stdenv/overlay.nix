# The runtime wants a newer libstdc++.
final: prev: {
  npu-runtime = final.callPackage ../_good/packages/runtime.nix { };
  stdenv = prev.gcc14Stdenv or prev.stdenv;
}
