import ../_good/module.nix {
  library = { cfg, ... }: {
    environment.systemPackages = [ cfg.package ];
    environment.pathsToLink = [ "/lib" ];
  };
}
