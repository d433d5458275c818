import ../_good/module.nix {
  library = { cfg, lib, ... }: {
    environment.systemPackages = [ cfg.package ];
    environment.sessionVariables.LD_LIBRARY_PATH = lib.mkForce "${cfg.package}/lib";
  };
}
