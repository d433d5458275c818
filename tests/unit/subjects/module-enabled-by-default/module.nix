import ../_good/module.nix {
  moreOptions = { lib, ... }: {
    enable = lib.mkOption {
      type = lib.types.bool;
      default = true;
      description = "Whether to support the NPU of RK3588 boards.";
    };
  };
}
