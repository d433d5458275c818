import ../_good/module.nix {
  driver = { pkgs, ... }: {
    boot.kernelPackages = pkgs.linuxPackagesFor (pkgs.linuxManualConfig {
      version = "6.1.99";
      modDirVersion = "6.1.99";
      src = pkgs.fetchFromGitHub {
        owner = "orangepi-xunlong";
        repo = "linux-orangepi";
        rev = "orange-pi-6.1-rk35xx";
        hash = "sha256-hE7MCBZOLqsnY0qa3uGvplmeWJVw5xl4TggM50f8DkU=";
      };
      configfile = ./kernel.config;
    });
  };
}
