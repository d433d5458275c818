import ../_good/module.nix {
  driver = { pkgs, ... }: {
    boot.kernelPackages = pkgs.linuxPackages_6_12;
    boot.kernelModules = [ "rknpu" ];
  };
  guard = _: { };
}
