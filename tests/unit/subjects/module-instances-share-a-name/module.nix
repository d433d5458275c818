import ../_good/module.nix {
  moreOptions = { lib, ... }: {
    models = lib.mkOption {
      type = lib.types.attrsOf lib.types.str;
      default = { };
      description = "Models to serve.";
    };
  };
  more = { cfg, lib, pkgs, ... }: {
    systemd.services = lib.mapAttrs' (
      name: path:
      lib.nameValuePair "npu-model" {
        wantedBy = [ "multi-user.target" ];
        environment.LD_LIBRARY_PATH = "${cfg.package}/lib";
        serviceConfig.ExecStart = "${pkgs.writeShellScript "rknn-server" "exec rknn_server"} ${path}";
      }
    ) cfg.models;
  };
}
