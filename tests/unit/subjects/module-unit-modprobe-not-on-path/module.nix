import ../_good/module.nix {
  more = { cfg, lib, pkgs, ... }: {
    systemd.services.npu-server = {
      wantedBy = [ "multi-user.target" ];
      serviceConfig.Type = "oneshot";
      script = ''
        modprobe rknpu
      '';
    };
  };
}
