import ../_good/module.nix {
  moreOptions = { lib, ... }: {
    headers.enable = lib.mkOption {
      type = lib.types.str;
      default = "no";
      description = "Whether to install the C headers.";
    };
  };
  library = { cfg, lib, ... }: {
    environment.systemPackages = [ cfg.package ] ++ lib.optional (cfg.headers.enable == "yes") cfg.package;
    environment.sessionVariables.LD_LIBRARY_PATH = [ "${cfg.package}/lib" ];
  };
}
