import ../_good/module.nix {
  more = { cfg, lib, pkgs, ... }: {
    systemd.services.npu-server = {
      wantedBy = [ "multi-user.target" ];
      serviceConfig.Type = "oneshot";
      path = [ pkgs.kmod ];
      script = ''
        modprobe rknpu
        if command -v jq; then jq . /dev/null; fi
      '';
    };
  };
}
