import ../_good/module.nix {
  python = _: { };
  library = { cfg, ... }: {
    environment.systemPackages = [ cfg.package ];
    environment.pathsToLink = [ "/lib" ];
  };
}
