import ../_good/module.nix {
  more =
    { lib, ... }:
    lib.mkIf true { hardware.graphics.enable = true; }
    // {
      boot.kernelParams = [ "cma=256M" ];
    };
}
