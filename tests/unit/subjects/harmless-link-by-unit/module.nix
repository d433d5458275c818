import ../_good/module.nix {
  python = { cfg, pkgs, ... }: {
    environment.systemPackages = [ (pkgs.python312.withPackages (_: [ cfg.python.package ])) ];
    systemd.services.npu-link = {
      description = "Link the NPU's runtime";
      wantedBy = [ "multi-user.target" ];
      serviceConfig = {
        Type = "oneshot";
        RemainAfterExit = true;
      };
      script = ''
        mkdir -p /usr/lib
        ln -sfn ${cfg.package}/lib/librknnrt.so /usr/lib/librknnrt.so
      '';
      preStop = "rm -f /usr/lib/librknnrt.so";
    };
  };
}
