import ../_good/module.nix {
  more = { cfg, lib, pkgs, ... }: {
    systemd.services.npu-link = {
      wantedBy = [ "multi-user.target" ];
      unitConfig.ConditionFirmware = [
        "|device-tree-compatible(rockchip,rk3588)"
        "|device-tree-compatible(rockchip,rk3588s)"
      ];
      serviceConfig = {
        Type = "oneshot";
        RemainAfterExit = true;
        ExecStart = "${pkgs.kmod}/bin/modprobe rknpu";
      };
    };
  };
}
