# The driver is in Rockchip's kernel.
{ cfg, config, lib, pkgs }:

{
  boot.kernelPackages = pkgs.linuxPackagesFor (
    pkgs.linuxManualConfig {
      version = "6.1.115";
      modDirVersion = "6.1.115";
      src = pkgs.fetchFromGitHub {
        owner = "armbian";
        repo = "linux-rockchip";
        rev = "28320e8543bb19e21d3cfbf0421c700f17da5b58";
        hash = "sha256-nW6i4IRqN3CWnjDDhHP4/V8oYSNQkEmAo5AddacClNg=";
      };
      configfile = ./kernel.config;
    }
  );
}
