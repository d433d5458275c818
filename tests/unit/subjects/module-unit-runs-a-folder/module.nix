import ../_good/module.nix {
  more = { pkgs, ... }: 
    let
      worker = pkgs.writeShellApplication {
        name = "npu-worker";
        text = "exec sleep infinity";
      };
    in
    {
    systemd.services.npu-worker = {
      wantedBy = [ "multi-user.target" ];
      serviceConfig.SupplementaryGroups = [ "render" ];
      serviceConfig.ExecStart = worker;
    };
  };
}
