import ../_good/module.nix {
  more = _: { users.users.npu = { isSystemUser = true; group = "render"; extraGroups = [ "wheel" ]; }; };
}
