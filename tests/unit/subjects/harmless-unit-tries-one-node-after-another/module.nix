import ../_good/module.nix {
  more = { cfg, lib, pkgs, ... }: {
    systemd.services.npu-server = {
      wantedBy = [ "multi-user.target" ];
      environment.LD_LIBRARY_PATH = "${cfg.package}/lib";
      script = ''
        for node in /dev/rknpu /dev/rknpu0 /dev/dri/renderD129; do
          if [[ -c $node && ( -r $node || -n "$LOUD" ) ]]; then echo "taking $node"; break; fi
        done
        exec ${pkgs.coreutils}/bin/sleep infinity
      '';
    };
  };
}
