import ../_good/module.nix {
  guard = _: { };
  driver = _: { };
  python = _: { };
  library = _: { };
  more = { pkgs, ... }: {
    systemd.services.board = {
      unitConfig.ConditionFirmware = "device-tree-compatible(rockchip,rk3588)";
      serviceConfig = {
        Type = "oneshot";
        RemainAfterExit = true;
        ExecStart = "${pkgs.coreutils}/bin/true";
      };
    };
    systemd.services.detector = {
      wantedBy = [ "multi-user.target" ];
      requires = [ "board.service" ];
      after = [ "board.service" ];
      unitConfig.ConditionFirmware = "device-tree-compatible(rockchip,rk3588)";
      serviceConfig = {
        ExecStart = "${pkgs.hello}/bin/hello";
        SupplementaryGroups = [ "render" ];
      };
    };
  };
}
