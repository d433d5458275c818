import ../_good/module.nix {
  more = { cfg, lib, pkgs, ... }: {
    systemd.services.npu-server = {
      description = "Serve models";
      wantedBy = [ "multi-user.target" ];
      environment.LD_LIBRARY_PATH = "${cfg.package}/lib";
      after = [ "systemd-udev-settle.service" "network.target" ];
      serviceConfig = {
        DynamicUser = true;
        SupplementaryGroups = [ cfg.group ];
        DeviceAllow = [ "/dev/rknpu rw" "char-drm rw" ];
        ProtectHome = true;
        Restart = "on-failure";
        ExecStart = "${pkgs.writeShellScript "rknn-server" "exec rknn_server"}";
      };
    };
  };
}
