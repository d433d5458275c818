import ../_good/mainline.nix {
  driver = { pkgs, lib, ... }: { boot.kernelPackages = lib.mkForce pkgs.linuxPackages_latest; };
}
