import ../_good/module.nix {
  library = { cfg, ... }: {
    environment.systemPackages = [ cfg.package ];
    environment.variables.LD_LIBRARY_PATH = "${cfg.package}/lib:";
  };
}
