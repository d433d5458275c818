import ../_good/mainline.nix {
  more = { cfg, lib, pkgs, ... }: {
    systemd.services.npu-server = {
      wantedBy = [ "multi-user.target" ];
      serviceConfig = {
        ExecStartPre = "${pkgs.gnugrep}/bin/grep -qz rockchip,rk3588 /proc/device-tree/compatible";
        ExecStart = "${pkgs.writeShellScript "classify" "exec classify"}";
      };
    };
  };
}
