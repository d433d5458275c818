import ../_good/module.nix {
  more = { cfg, ... }: {
    users.users.detector = {
      isSystemUser = true;
      group = "detector";
      extraGroups = [ cfg.group ];
    };
  };
}
