import ../_good/module.nix {
  driver = { pkgs, ... }: {
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
  };
  device = { pkgs, ... }: {
    services.udev.packages = [
      (pkgs.writeTextDir "lib/udev/rules.d/70-npu.rules" ''
        SUBSYSTEM=="drm", KERNEL=="renderD*", DRIVERS=="RKNPU", GROUP="render", MODE="0660"
      '')
    ];
  };
  more = { cfg, pkgs, ... }: {
    systemd.services.npu-server = {
      wantedBy = [ "multi-user.target" ];
      environment.LD_LIBRARY_PATH = "${cfg.package}/lib";
      serviceConfig = {
        DynamicUser = true;
        SupplementaryGroups = [ "render" ];
        ExecStart = "${pkgs.writeShellScript "rknn-server" "exec rknn_server"}";
      };
    };
  };
}
