import ../_good/module.nix {
  moreOptions = { lib, ... }: {
    threads = lib.mkOption {
      type = lib.types.int;
      default = "4";
      description = "Number of threads.";
    };
    tuned = lib.mkEnableOption "tuning";
  };
  more = { cfg, lib, ... }: lib.mkIf cfg.tuned { environment.variables.NPU_THREADS = toString cfg.threads; };
}
