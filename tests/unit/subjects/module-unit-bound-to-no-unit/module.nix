import ../_good/module.nix {
  more = { pkgs, ... }: {
    systemd.services.npu-worker = {
      wantedBy = [ "multi-user.target" ];
      serviceConfig.SupplementaryGroups = [ "render" ];
      after = [ "k3s.service" ];
      bindsTo = [ "k3s-agent.service" ];
      serviceConfig.ExecStart = "${pkgs.hello}/bin/hello";
    };
  };
}
