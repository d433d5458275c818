import ../_good/module.nix {
  more = { cfg, pkgs, ... }: {
    users.users.detector = {
      isSystemUser = true;
      group = "detector";
    };
    users.groups.detector = { };
    systemd.services.detector = {
      wantedBy = [ "multi-user.target" ];
      environment.LD_LIBRARY_PATH = "${cfg.package}/lib";
      serviceConfig = {
        ExecStart = "${pkgs.hello}/bin/hello --model detector.rknn";
        User = "detector";
      };
    };
  };
}
