import ../_good/module.nix {
  more =
    _:
    let
      defaults = {
        NPU_CORES = "3";
        NPU_LOG = "info";
      };
    in
    {
      environment.variables = defaults // {
        NPU_LOG = "warning";
      };
    };
}
