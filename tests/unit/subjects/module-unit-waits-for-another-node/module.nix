import ../_good/module.nix {
  more = { cfg, lib, pkgs, ... }: {
    systemd.services.npu-server = {
      wantedBy = [ "multi-user.target" ];
      environment.LD_LIBRARY_PATH = "${cfg.package}/lib";
      script = ''
        while [ ! -e /dev/rknpu0 ]; do sleep 1; done
        exec ${pkgs.coreutils}/bin/sleep infinity
      '';
    };
  };
}
