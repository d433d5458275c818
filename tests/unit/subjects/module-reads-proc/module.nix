import ../_good/module.nix {
  more =
    { lib, ... }:
    {
      warnings = lib.optional (
        !(builtins.pathExists /proc/device-tree/compatible)
      ) "This machine does not seem to be an RK3588 board.";
    };
}
