import ../_good/module.nix {
  library = { cfg, pkgs, ... }: {
    environment.systemPackages = [
      (pkgs.writeShellScriptBin "detect" ''
        export LD_LIBRARY_PATH="${cfg.package}/lib''${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
        exec ${pkgs.hello}/bin/hello "$@"
      '')
    ];
  };
}
