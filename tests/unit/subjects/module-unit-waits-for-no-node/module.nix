import ../_good/mainline.nix {
  more = { cfg, lib, pkgs, ... }: {
    systemd.services.npu-server = {
      wantedBy = [ "multi-user.target" ];
      unitConfig.ConditionPathExists = "/dev/accel0";
      serviceConfig.ExecStart = "${pkgs.writeShellScript "classify" "exec classify"}";
    };
  };
}
