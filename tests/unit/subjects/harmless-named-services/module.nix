import ../_good/module.nix {
  moreOptions = { lib, ... }: {
    services = lib.mkOption {
      type = lib.types.listOf lib.types.str;
      default = [ ];
      description = "Services that use the NPU.";
    };
  };
  more = { cfg, lib, ... }: {
    systemd.services = lib.genAttrs cfg.services (_: {
      environment.LD_LIBRARY_PATH = "${cfg.package}/lib";
      serviceConfig.SupplementaryGroups = [ cfg.group ];
    });
  };
}
