import ../_good/module.nix {
  more = { cfg, lib, pkgs, ... }: {
    services.udev.extraRules = ''
      SUBSYSTEM=="misc", KERNEL=="rknpu", TAG+="systemd"
    '';
    systemd.services.npu-server = {
      wantedBy = [ "dev-rknpu.device" ];
      bindsTo = [ "dev-rknpu.device" ];
      environment.LD_LIBRARY_PATH = "${cfg.package}/lib";
      serviceConfig.ExecStart = "${pkgs.writeShellScript "rknn-server" "exec rknn_server"}";
    };
  };
}
