import ../_good/module.nix {
  library = { cfg, ... }: {
    environment.systemPackages = [ cfg.package ];
    programs.nix-ld = {
      enable = true;
      libraries = [ cfg.package ];
    };
  };
}
