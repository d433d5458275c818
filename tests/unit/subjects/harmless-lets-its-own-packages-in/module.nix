import ../_good/module.nix {
  more = { lib, ... }: {
    nixpkgs.config.allowUnfreePredicate = package: builtins.elem (lib.getName package) [ "rknn-runtime" "rknn-toolkit-lite2" ];
  };
}
