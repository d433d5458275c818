import ../_good/module.nix {
  more =
    _:
    {
      boot.kernelParams = [ "cma=256M" ];
    }
    // {
      boot.tmp.cleanOnBoot = true;
    };
}
