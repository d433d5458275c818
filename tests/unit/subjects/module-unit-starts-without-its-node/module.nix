import ../_good/mainline.nix {
  more = { pkgs, ... }: {
    systemd.services.plugin = {
      wantedBy = [ "multi-user.target" ];
      unitConfig.ConditionPathExists = "!/dev/accel/accel0";
      serviceConfig = {
        ExecStart = "${pkgs.hello}/bin/hello";
        DeviceAllow = [ "/dev/accel/accel0 rw" ];
      };
    };
  };
}
