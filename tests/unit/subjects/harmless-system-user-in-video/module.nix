import ../_good/module.nix {
  more = { pkgs, ... }: {
    users.users.detector = {
      isSystemUser = true;
      group = "detector";
      extraGroups = [ "video" ];
    };
    users.groups.detector = { };
    systemd.services.detector = {
      wantedBy = [ "multi-user.target" ];
      serviceConfig = {
        ExecStart = "${pkgs.hello}/bin/hello";
        User = "detector";
        SupplementaryGroups = [ "render" ];
      };
    };
  };
}
