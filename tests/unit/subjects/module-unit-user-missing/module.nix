import ../_good/module.nix {
  more = { cfg, lib, pkgs, ... }: {
    systemd.services.npu-server = {
      description = "Serve models";
      wantedBy = [ "multi-user.target" ];
      environment.LD_LIBRARY_PATH = "${cfg.package}/lib";
      serviceConfig = {
        User = "npu";
        ExecStart = "${pkgs.writeShellScript "rknn-server" "exec rknn_server"}";
      };
    };
  };
}
