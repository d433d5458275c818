import ../_good/module.nix {
  library = { cfg, ... }: {
    environment.systemPackages = [ cfg.package ];
    environment.sessionVariables.LD_LIBRARY_PATH = [ "/opt/rknn/lib" ];
  };
}
