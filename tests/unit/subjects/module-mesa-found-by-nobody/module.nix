import ../_good/mainline.nix {
  library = { pkgs, ... }: { environment.systemPackages = [ pkgs.mesa ]; };
}
