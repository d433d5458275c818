import ../_good/module.nix {
  more = { pkgs, ... }: {
    systemd.services.npu-worker = {
      wantedBy = [ "multi-user.target" ];
      serviceConfig.SupplementaryGroups = [ "render" ];
      serviceConfig.ExecStart = pkgs.writeShellScript "npu-worker-1.2" "exec sleep infinity";
    };
  };
}
