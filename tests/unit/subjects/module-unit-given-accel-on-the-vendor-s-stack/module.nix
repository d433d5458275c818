import ../_good/module.nix {
  more = { cfg, lib, pkgs, ... }: {
    systemd.services.npu-server = {
      wantedBy = [ "multi-user.target" ];
      environment.LD_LIBRARY_PATH = "${cfg.package}/lib";
      serviceConfig.ExecStart = "${pkgs.coreutils}/bin/timeout 10h ${pkgs.coreutils}/bin/head /dev/accel/accel0";
    };
  };
}
