import ../_good/module.nix {
  library = { cfg, ... }: {
    environment.systemPackages = [ cfg.package ];
    environment.pathsToLink = [ "/lib" ];
    environment.sessionVariables.LD_LIBRARY_PATH = [ "/run/current-system/sw/lib" ];
  };
}
