import ../_good/module.nix {
  more = { pkgs, ... }: { services.npu.package = pkgs.callPackage ./runtime.nix { }; };
}
