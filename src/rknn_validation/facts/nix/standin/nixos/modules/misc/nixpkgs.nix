# The package set of a configuration: platform, overlays, settings.
{
  config,
  options,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.nixpkgs;
  opt = options.nixpkgs;
  call = value: argument: if lib.isFunction value then value argument else value;
  # Of several settings the one that is defined last stays, which is the first module's: definitions are in the
  # reverse order of the modules. Order (mkBefore, mkAfter) is as everywhere.
  merge =
    left: right:
    let
      left' = call left { inherit lib pkgs; };
      right' = call right { inherit lib pkgs; };
    in
    lib.recursiveUpdate left' right'
    // lib.optionalAttrs (left' ? allowUnfreePackages) {
      allowUnfreePackages = left'.allowUnfreePackages ++ right'.allowUnfreePackages or [ ];
    }
    // lib.optionalAttrs (left' ? packageOverrides) {
      packageOverrides =
        packages: call left'.packageOverrides packages // call (right'.packageOverrides or { }) packages;
    };
  # The package set looks through mkIf, mkDefault and their kin in its settings.
  discharged =
    settings:
    lib.concatMapAttrs (
      name: value:
      let
        values = contents value;
      in
      lib.optionalAttrs (values != [ ]) { ${name} = lib.head values; }
    ) settings;
  contents =
    value:
    {
      override = contents value.content;
      order = contents value.content;
      "if" = if value.condition then contents value.content else [ ];
      merge = lib.concatMap contents value.contents;
    }
    .${value._type or ""} or [ value ];
  configType = lib.mkOptionType {
    name = "nixpkgs-config";
    description = "nixpkgs config";
    check = value: lib.isAttrs value || lib.isFunction value;
    merge = _: lib.foldr (def: merge def.value) { };
  };
  overlayType = lib.mkOptionType {
    name = "nixpkgs-overlay";
    description = "nixpkgs overlay";
    check = lib.isFunction;
    merge = lib.mergeOneOption;
  };
  isCross = !lib.systems.equals cfg.buildPlatform cfg.hostPlatform;
  platforms =
    if opt.hostPlatform.isDefined then
      if isCross then
        {
          localSystem = cfg.buildPlatform;
          crossSystem = cfg.hostPlatform;
        }
      else
        { localSystem = cfg.hostPlatform; }
    else
      {
        inherit (cfg) localSystem crossSystem;
      };
  own = import ../../.. (
    {
      config = discharged cfg.config;
      inherit (cfg) overlays;
    }
    // platforms
  );
  final = if opt.pkgs.isDefined then cfg.pkgs.appendOverlays cfg.overlays else own;
  platform = types.either types.str types.attrs;
in
{
  options.nixpkgs = {
    pkgs = mkOption {
      type = types.pkgs;
      description = "A package set to use instead of the configuration's own.";
    };
    config = mkOption {
      default = { };
      type = configType;
      description = "Settings of the package set.";
    };
    overlays = mkOption {
      default = [ ];
      type = types.listOf overlayType;
      description = "Overlays of the package set.";
    };
    hostPlatform = mkOption {
      type = platform;
      apply = lib.systems.elaborate;
      description = "The platform the configuration runs on.";
    };
    buildPlatform = mkOption {
      type = platform;
      default = cfg.hostPlatform;
      apply =
        given:
        let
          elaborated = lib.systems.elaborate given;
        in
        if lib.systems.equals elaborated cfg.hostPlatform then cfg.hostPlatform else elaborated;
      description = "The platform the configuration is built on.";
    };
    localSystem = mkOption {
      type = types.attrs;
      default = { inherit (cfg) system; };
      apply = lib.systems.elaborate;
      description = "The platform the configuration is built on, by its old name.";
    };
    crossSystem = mkOption {
      type = types.nullOr types.attrs;
      default = null;
      description = "The platform the configuration runs on, by its old name.";
    };
    system = mkOption {
      type = types.str;
      default =
        if opt.hostPlatform.isDefined then
          throw "Neither ${opt.system} nor any other option in nixpkgs.* is meant\nto be read by modules and configurations.\nUse pkgs.stdenv.hostPlatform instead.\n"
        else
          throw "Neither ${opt.hostPlatform} nor the legacy option ${opt.system} has been set.\n";
      description = "The platform, by its oldest name.";
    };
    flake = {
      source = mkOption {
        type = types.nullOr (types.either types.str types.path);
        default = null;
        description = "Where nixpkgs comes from.";
      };
      setNixPath = mkOption {
        type = types.bool;
        default = false;
        description = "Whether NIX_PATH leads there.";
      };
      setFlakeRegistry = mkOption {
        type = types.bool;
        default = false;
        description = "Whether the flake registry leads there.";
      };
    };
  };
  config = {
    _module.args.pkgs = lib.mkOverride lib.modules.defaultOverridePriority final;
    assertions = [
      {
        assertion = !opt.pkgs.isDefined || cfg.config == { };
        message = "Your system configures nixpkgs with an externally created instance.\n`nixpkgs.config` options should be passed when creating the instance instead.\n";
      }
    ];
  };
}
