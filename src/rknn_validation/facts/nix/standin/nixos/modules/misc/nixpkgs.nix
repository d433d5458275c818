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
  declare = import ../../lib/declare.nix { inherit lib; };
  cfg = config.nixpkgs;
  opt = options.nixpkgs;
  call = value: argument: if lib.isFunction value then value argument else value;
  # The last definition of a setting wins. Definitions are in the reverse order of the modules, so it is the first
  # module's, unless mkBefore or mkAfter changes the order.
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
  # nixpkgs evaluates mkIf, mkDefault and the like in its settings.
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
    pkgs = declare.required types.pkgs;
    config = declare.of configType { };
    overlays = declare.listOf overlayType;
    hostPlatform = mkOption {
      type = platform;
      apply = lib.systems.elaborate;
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
    };
    localSystem = mkOption {
      type = types.attrs;
      default = { inherit (cfg) system; };
      apply = lib.systems.elaborate;
    };
    crossSystem = declare.nullOr types.attrs;
    system = declare.str (
      if opt.hostPlatform.isDefined then
        throw "Neither ${opt.system} nor any other option in nixpkgs.* is meant\nto be read by modules and configurations.\nUse pkgs.stdenv.hostPlatform instead.\n"
      else
        throw "Neither ${opt.hostPlatform} nor the legacy option ${opt.system} has been set.\n"
    );
    flake.source = declare.nullOr (types.either types.str types.path);
    flake.setNixPath = declare.off;
    flake.setFlakeRegistry = declare.off;
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
