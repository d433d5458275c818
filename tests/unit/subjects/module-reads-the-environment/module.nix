import ../_good/module.nix {
  more = { lib, ... }:
    let
      inherit (builtins) getEnv;
      tree = "/sys/firmware" + "/devicetree/base/model";
    in
    { environment.variables = lib.optionalAttrs (builtins.pathExists tree) { NPU_BOARD = getEnv "BOARD"; }; };
}
