import ../_good/module.nix {
  library = _: { };
  python = { cfg, pkgs, ... }: {
    environment.systemPackages = [
      (pkgs.buildFHSEnv {
        name = "rknn-python";
        targetPkgs = _: [ (pkgs.python312.withPackages (_: [ cfg.python.package ])) cfg.package ];
        runScript = "python3";
      })
    ];
  };
}
