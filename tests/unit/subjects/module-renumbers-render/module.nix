import ../_good/module.nix {
  more = { lib, ... }: { users.groups.render.gid = lib.mkForce 989; };
}
