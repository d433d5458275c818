import ../_good/module.nix {
  more = { cfg, lib, pkgs, ... }: {
    systemd.services.npu-link = {
      wantedBy = [ "multi-user.target" ];
      serviceConfig = {
        Type = "oneshot";
        ConditionFirmware = "device-tree-compatible(rockchip,rk3588)";
        ExecStart = "${pkgs.kmod}/bin/modprobe rknpu";
      };
    };
  };
}
