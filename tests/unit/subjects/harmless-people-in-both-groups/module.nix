import ../_good/module.nix {
  more = _: {
    users.groups.video.members = [ "ada" ];
    users.groups.render.members = [ "ada" ];
  };
}
