import ../_good/module.nix {
  more = { cfg, lib, pkgs, ... }: {
    systemd.services.npu-link = {
      wantedBy = [ "multi-user.target" ];
      serviceConfig.Type = "oneshot";
      script = ''
        grep -q rk3588 /proc/device-tree/compatible || exit 0
        ${pkgs.kmod}/bin/modprobe rknpu
      '';
    };
  };
}
