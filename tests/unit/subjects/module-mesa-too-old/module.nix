import ../_good/mainline.nix {
  library = { pkgs, ... }: {
    hardware.graphics = {
      enable = true;
      package = pkgs.mesa.overrideAttrs (_: { version = "25.0.7"; name = "mesa-25.0.7"; });
    };
  };
}
