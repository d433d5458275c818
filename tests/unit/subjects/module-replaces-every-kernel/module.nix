import ../_good/module.nix {
  driver = { pkgs, ... }: {
    boot.kernelPackages = pkgs.linuxPackagesFor (
      pkgs.linuxManualConfig {
        version = "6.1.115-rockchip";
        modDirVersion = "6.1.115";
        src = pkgs.fetchFromGitHub {
          owner = "armbian";
          repo = "linux-rockchip";
          rev = "d2bb3b3f3ae5a4f1e7c6f1d9a8f0a1c0b2e3d4f5";
          hash = "sha256-0m0rXo2mZ4b0yR2b1s7o2kJ3n1JdQb3b1Zf6m0p9l8Y=";
        };
        configfile = ./config;
        allowImportFromDerivation = false;
      }
    );
  };
}
