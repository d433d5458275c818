import ../_good/module.nix {
  more = { cfg, lib, ... }: lib.mkMerge [
    { environment.variables.NPU_HOME = "/a"; }
    { environment.variables.NPU_HOME = "/b"; }
  ];
}
