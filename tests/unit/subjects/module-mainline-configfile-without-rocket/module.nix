import ../_good/mainline.nix {
  driver =
    { pkgs, ... }:
    {
      boot.kernelPackages = pkgs.linuxPackagesFor (
        pkgs.linuxManualConfig {
          inherit (pkgs.linux_6_18) src version modDirVersion;
          configfile = ./kernel.config;
        }
      );
    };
}
