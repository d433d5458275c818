import ../_good/module.nix {
  more = { cfg, lib, pkgs, ... }: {
    systemd.services.npu-link = {
      wantedBy = [ "multi-user.target" ];
      serviceConfig = {
        Type = "oneshot";
        ExecCondition = "${pkgs.gnugrep}/bin/grep -q rk3588 /proc/device-tree/compatible";
        ExecStart = "${pkgs.kmod}/bin/modprobe rknpu";
      };
    };
  };
}
