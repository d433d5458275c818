import ../_good/module.nix {
  library = { cfg, ... }: { environment.systemPackages = [ cfg.runtime.package ]; };
}
