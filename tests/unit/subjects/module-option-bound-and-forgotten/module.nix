import ../_good/module.nix {
  moreOptions = { lib, ... }: {
    threads = lib.mkOption {
      type = lib.types.ints.between 1 8;
      default = 4;
      description = "Threads of the server.";
    };
  };
  more = { cfg, ... }:
    let
      inherit (cfg) threads;
      environment.OMP_NUM_THREADS = toString threads;
    in
    { environment.variables.OMP_PROC_BIND = "true"; };
}
