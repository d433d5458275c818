import ../_good/module.nix {
  device = { cfg, ... }: { users.groups.${cfg.group} = { }; };
}
