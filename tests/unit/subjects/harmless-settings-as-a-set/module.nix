import ../_good/module.nix {
  moreOptions = { lib, ... }: {
    settings = lib.mkOption {
      type = lib.types.attrsOf lib.types.str;
      default = { };
      description = "Variables for programs that use the NPU.";
    };
    extraPackages = lib.mkOption {
      type = lib.types.listOf lib.types.package;
      default = [ ];
      description = "More packages.";
    };
  };
  more = { cfg, lib, ... }: {
    environment.variables = lib.mapAttrs' (name: value: lib.nameValuePair "RKNN_${name}" value) cfg.settings;
    environment.systemPackages = builtins.attrValues { inherit (cfg) package; } ++ cfg.extraPackages;
  };
}
