import ../_good/module.nix {
  driver =
    { pkgs, ... }:
    let
      # As an input with `flake = false` is: no derivation, and no address.
      input = {
        outPath = ./.;
        rev = "28320e8543bb19e21d3cfbf0421c700f17da5b58";
      };
    in
    {
      boot.kernelPackages = pkgs.linuxPackagesFor (
        (pkgs.linuxManualConfig {
          version = "6.1.115";
          src = input;
          configfile = ./board_config;
        }).overrideAttrs
          { name = "k"; }
      );
    };
}
