import ../_good/module.nix {
  more = { cfg, lib, pkgs, ... }: {
    systemd.services.npu-link = {
      wantedBy = [ "multi-user.target" ];
      unitConfig.ConditionFirmware = "device-tree-compatible(rockchip,rk3568)";
      serviceConfig = {
        Type = "oneshot";
        ExecStart = "${pkgs.kmod}/bin/modprobe rknpu";
      };
    };
  };
}
