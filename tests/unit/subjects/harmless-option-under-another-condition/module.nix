import ../_good/module.nix {
  moreOptions = { lib, ... }: {
    label = lib.mkOption {
      type = lib.types.str;
      default = "npu";
      description = "Label of the node in its cluster.";
    };
  };
  more = { cfg, config, lib, ... }: lib.mkIf config.services.k3s.enable {
    services.k3s.extraFlags = [ "--node-label=${cfg.label}=true" ];
  };
}
