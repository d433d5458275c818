import ../_good/module.nix {
  moreOptions = { lib, ... }: {
    instances = lib.mkOption {
      default = { };
      description = "Settings of one server each.";
      type = lib.types.attrsOf (lib.types.submodule {
        options = {
          port = lib.mkOption {
            type = lib.types.port;
            default = 8080;
            description = "Where it listens.";
          };
        };
      });
    };
  };
  more = { cfg, lib, ... }: {
    environment.etc = lib.listToAttrs (
      lib.mapAttrsToList (name: instance: {
        name = "npu-server.conf";
        value.text = "name=${name}\nport=${toString instance.port}\n";
      }) cfg.instances
    );
  };
}
