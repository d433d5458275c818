import ../_good/module.nix {
  moreOptions = { lib, ... }: {
    coreMask = lib.mkOption {
      type = lib.types.int;
      default = 7;
      description = "Which of the three cores to use.";
    };
  };
}
