import ../_good/module.nix {
  always = _: { users.groups.npu = { }; };
}
