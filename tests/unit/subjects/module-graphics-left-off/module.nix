import ../_good/mainline.nix {
  library = { pkgs, ... }: { hardware.graphics.package = pkgs.mesa; };
}
