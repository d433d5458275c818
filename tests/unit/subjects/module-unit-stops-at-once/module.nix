import ../_good/module.nix {
  more = { cfg, lib, pkgs, ... }: {
    systemd.services.npu-link = {
      wantedBy = [ "multi-user.target" ];
      serviceConfig.Type = "oneshot";
      script = ''
        mkdir -p /usr/lib64
        ln -sfn ${cfg.package}/lib/librknnrt.so /usr/lib64/librknnrt.so
      '';
      preStop = "rm -f /usr/lib64/librknnrt.so";
    };
  };
}
