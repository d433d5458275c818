import ../_good/module.nix {
  more = _: { users.groups.video.members = [ "ada" ]; };
}
