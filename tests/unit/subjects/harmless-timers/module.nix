import ../_good/module.nix {
  more = { cfg, pkgs, ... }: {
    systemd.services.npu-report = {
      serviceConfig.Type = "oneshot";
      script = "cat /sys/kernel/debug/rknpu/version";
    };
    systemd.timers.npu-report = {
      wantedBy = [ "timers.target" ];
      timerConfig.OnCalendar = "daily";
    };
    systemd.services.npu-load = {
      startAt = "hourly";
      serviceConfig.Type = "oneshot";
      script = "cat /sys/kernel/debug/rknpu/load";
    };
  };
}
