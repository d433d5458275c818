import ../_good/module.nix {
  more = { cfg, pkgs, ... }: {
    systemd.services.detector = {
      wantedBy = [ "multi-user.target" ];
      serviceConfig = {
        ExecStart = pkgs.writers.makePythonWriter pkgs.python312 pkgs.python312.pkgs pkgs.python312.pkgs "detector" {
          libraries = [ cfg.python.package ];
        } ''
          from rknnlite.api import RKNNLite

          RKNNLite().init_runtime()
        '';
        DynamicUser = true;
        SupplementaryGroups = [ "render" ];
      };
    };
  };
}
