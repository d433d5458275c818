# Adds pkgs.rknn and changes nothing else.
final: _prev: {
  rknn = final.callPackage ../pkgs/rknn { };
}
