import ../_good/module.nix {
  more = { pkgs, ... }: {
    systemd.services.npu-driver = {
      wantedBy = [ "multi-user.target" ];
      after = [ "npu-check.service" ];
      serviceConfig.Type = "oneshot";
      script = "true";
    };
    systemd.services.npu-check = {
      wantedBy = [ "multi-user.target" ];
      after = [ "npu-driver.service" ];
      serviceConfig.Type = "oneshot";
      script = "true";
    };
  };
}
