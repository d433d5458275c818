import ../_good/module.nix {
  python = _: { };
  more = { cfg, pkgs, ... }: {
    systemd.services.npu-server = {
      wantedBy = [ "multi-user.target" ];
      serviceConfig.ExecStart = "${pkgs.writeShellScript "rknn-server" "exec rknn_server"}";
    };
  };
}
