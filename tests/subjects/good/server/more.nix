# A service that uses the NPU.
{ cfg, config, lib, pkgs }:

{
  systemd.services.npu-server = {
    wantedBy = [ "multi-user.target" ];
    environment.LD_LIBRARY_PATH = "${cfg.package}/lib";
    serviceConfig = {
      ExecStart = "${pkgs.writeShellScript "rknn-server" "exec rknn_server"}";
    };
  };
}
