import ../_good/module.nix {
  more = _: { systemd.tmpfiles.rules = [ "R /usr/local/lib" ]; };
}
