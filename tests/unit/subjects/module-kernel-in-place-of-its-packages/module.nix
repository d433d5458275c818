import ../_good/module.nix {
  driver = { pkgs, ... }: { boot.kernelPackages = pkgs.linux_6_18; };
}
