import ../_good/module.nix {
  more = { cfg, ... }: { environment.systemPackage = [ cfg.package ]; };
}
