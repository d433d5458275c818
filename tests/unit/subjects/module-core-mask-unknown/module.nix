import ../_good/module.nix {
  more = { pkgs, ... }: {
    systemd.services.npu-worker = {
      wantedBy = [ "multi-user.target" ];
      serviceConfig.SupplementaryGroups = [ "render" ];
      environment.RKNN_CORE_MASK = "5";
      serviceConfig.ExecStart = "${pkgs.hello}/bin/hello";
    };
  };
}
