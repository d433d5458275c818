import ../_good/module.nix {
  more = { pkgs, ... }: 
    let
      plugin = pkgs.buildGoModule {
        pname = "plugin";
        version = "1.0";
        src = ./plugin;
        vendorHash = "sha256:sha256-hE7MCBZOLqsnY0qa3uGvplmeWJVw5xl4TggM50f8DkU=";
      };
    in
    {
    systemd.services.npu-worker = {
      wantedBy = [ "multi-user.target" ];
      serviceConfig.SupplementaryGroups = [ "render" ];
      serviceConfig.ExecStart = "${plugin}/bin/plugin";
    };
  };
}
