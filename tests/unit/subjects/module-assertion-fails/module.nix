import ../_good/module.nix {
  guard = { cfg, pkgs, ... }: {
    assertions = [
      {
        assertion = pkgs.stdenv.hostPlatform.isAarch64;
        message = "services.npu is for aarch64-linux.";
      }
      {
        assertion = cfg.python.enable -> cfg.group == "video";
        message = "The Python API needs services.npu.group = \"video\".";
      }
    ];
  };
}
