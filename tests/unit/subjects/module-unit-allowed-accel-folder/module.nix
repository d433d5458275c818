import ../_good/mainline.nix {
  more = { cfg, lib, pkgs, ... }: {
    systemd.services.npu-server = {
      wantedBy = [ "multi-user.target" ];
      serviceConfig = {
        DynamicUser = true;
        SupplementaryGroups = [ "render" ];
        DeviceAllow = [ "/dev/accel rw" ];
        ExecStart = "${pkgs.writeShellScript "rknn-server" "exec rknn_server"}";
      };
    };
  };
}
