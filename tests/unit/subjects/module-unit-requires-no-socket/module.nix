import ../_good/module.nix {
  more = { pkgs, ... }: {
    systemd.services.npu-worker = {
      wantedBy = [ "multi-user.target" ];
      serviceConfig.SupplementaryGroups = [ "render" ];
      requires = [ "npu-worke.socket" ];
      serviceConfig.ExecStart = "${pkgs.hello}/bin/hello";
    };
    systemd.sockets.npu-worker = {
      wantedBy = [ "sockets.target" ];
      listenStreams = [ "/run/npu.sock" ];
    };
  };
}
