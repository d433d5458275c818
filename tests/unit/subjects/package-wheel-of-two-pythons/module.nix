import ../_good/module.nix {
  more = { pkgs, ... }: { services.npu.python.package = pkgs.python312.pkgs.callPackage ./toolkit.nix { }; };
}
