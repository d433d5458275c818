import ../_good/module.nix {
  more = { cfg, lib, pkgs, ... }: {
    systemd.services.npu-server = {
      wantedBy = [ "multi-user.target" ];
      environment.LD_LIBRARY_PATH = "${cfg.package}/lib";
      serviceConfig = {
        Type = "oneshot";
        ExecStart = [
          "${pkgs.bash}/bin/sh -c 'mkdir -p /run/npu && touch /run/npu/ready > /dev/null'"
          "${pkgs.coreutils}/bin/echo \"a | b\" --range=1>2 ;"
        ];
      };
    };
  };
}
