import ../_good/module.nix {
  guard = _: { };
  library = _: { };

  more = { cfg, pkgs, ... }: {
    systemd.services.npu = {
      wantedBy = [ "multi-user.target" ];
      unitConfig.ConditionFirmware = "device-tree-compatible(rockchip,rk3588)";
      path = [ pkgs.kmod ];
      serviceConfig = {
        Type = "oneshot";
        RemainAfterExit = true;
      };
      script = ''
        modprobe rknpu
        mkdir -p /usr/lib
        ln -sfn ${cfg.package}/lib/librknnrt.so /usr/lib/librknnrt.so
      '';
    };
  };
}
