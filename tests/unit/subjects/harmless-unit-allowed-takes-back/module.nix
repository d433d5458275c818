import ../_good/module.nix {
  more = { cfg, lib, pkgs, ... }: {
    systemd.services.npu-server = {
      wantedBy = [ "multi-user.target" ];
      environment.LD_LIBRARY_PATH = "${cfg.package}/lib";
      serviceConfig = {
        DynamicUser = true;
        SupplementaryGroups = [ "render" ];
        DeviceAllow = [
          "/dev/null rw"
          ""
        ];
        ExecStart = "${pkgs.writeShellScript "rknn-server" "exec rknn_server"}";
      };
    };
  };
}
