import ../_good/module.nix {
  library = { cfg, lib, ... }: {
    environment.systemPackages = [ cfg.package ] ++ (lib.mkIf cfg.python.enable [ cfg.package ]);
  };
}
