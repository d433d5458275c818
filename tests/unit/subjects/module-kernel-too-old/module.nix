import ../_good/mainline.nix {
  driver = { pkgs, ... }: { boot.kernelPackages = pkgs.linuxPackages_6_12; };
}
