import ../_good/mainline.nix {
  more = { pkgs, ... }: {
    systemd.services.npu-missing = {
      wantedBy = [ "multi-user.target" ];
      unitConfig.ConditionPathExists = "!/dev/accel/accel0";
      serviceConfig = {
        Type = "oneshot";
        ExecStart = "${pkgs.coreutils}/bin/echo the NPU has no device node";
      };
    };
  };
}
