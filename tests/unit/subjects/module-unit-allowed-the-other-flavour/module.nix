import ../_good/module.nix {
  driver = { pkgs, ... }: {
    boot.kernelPackages = pkgs.linuxPackagesFor (pkgs.linuxManualConfig {
      version = "6.1.99";
      modDirVersion = "6.1.99";
      src = pkgs.fetchFromGitHub {
        owner = "orangepi-xunlong";
        repo = "linux-orangepi";
        rev = "752c0d0a12fdce201da45852287b48382caa8c0f";
        hash = "sha256-hE7MCBZOLqsnY0qa3uGvplmeWJVw5xl4TggM50f8DkU=";
      };
      configfile = ./kernel.config;
    });
  };
  more = { pkgs, ... }: {
    systemd.services.npu-worker = {
      wantedBy = [ "multi-user.target" ];
      serviceConfig = {
        ExecStart = "${pkgs.hello}/bin/hello";
        DevicePolicy = "closed";
        DeviceAllow = [ "char-misc rw" ];
      };
    };
  };
}
