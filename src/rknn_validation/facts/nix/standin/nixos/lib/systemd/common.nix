# The options every kind of unit has, and what they become in the [Unit] section.
{
  lib,
  pkgs,
  config,
}:
let
  inherit (lib) mkOption types;
  units = import ./units.nix { inherit lib pkgs config; };
  declare = import ../declare.nix { inherit lib; };
  inherit (declare) of;
  unitNames = of (types.listOf units.unitNameType) [ ];

  triggers =
    key: name: list:
    "${pkgs.writeText "${key}-${name}" (
      toString (map (one: if builtins.isPath one then "${one}" else one) (lib.flatten list))
    )}";
  listed = {
    requires = "Requires";
    wants = "Wants";
    upholds = "Upholds";
    after = "After";
    before = "Before";
    bindsTo = "BindsTo";
    partOf = "PartOf";
    conflicts = "Conflicts";
    requisite = "Requisite";
    documentation = "Documentation";
    onFailure = "OnFailure";
    onSuccess = "OnSuccess";
  };
  listedNames = lib.attrNames listed;
in
rec {
  shared = {
    enable = declare.on;
    overrideStrategy = of (types.enum [
      "asDropinIfExists"
      "asDropin"
    ]) "asDropinIfExists";
    requiredBy = unitNames;
    upheldBy = unitNames;
    wantedBy = unitNames;
    aliases = unitNames;
  };

  concrete = {
    options = shared // {
      name = declare.required types.str;
      text = declare.nullOr types.str;
      unit = mkOption { internal = true; };
    };
  };

  common = shared // {
    name = mkOption {
      type = types.str;
      internal = true;
    };
    description = declare.str "";
    documentation = declare.strings;
    requires = unitNames;
    wants = unitNames;
    upholds = unitNames;
    after = unitNames;
    before = unitNames;
    bindsTo = unitNames;
    partOf = unitNames;
    conflicts = unitNames;
    requisite = unitNames;
    onFailure = unitNames;
    onSuccess = unitNames;
    unitConfig = of (types.attrsOf units.unitOption) { };
    startLimitBurst = declare.required types.int;
    startLimitIntervalSec = declare.required types.int;
  };
  stage2 = common // {
    description = of types.singleLineStr "";
    restartTriggers = of (types.listOf types.unspecified) [ ];
    reloadTriggers = of (types.listOf units.unitOption) [ ];
  };

  # The definition of `unitConfig` that the other options amount to.
  unitSection =
    name: unit: options:
    lib.listToAttrs (
      lib.concatMap (
        option:
        if unit.${option} == [ ] then
          [ ]
        else
          [ (lib.nameValuePair listed.${option} (toString unit.${option})) ]
      ) listedNames
    )
    // lib.optionalAttrs (unit.restartTriggers or [ ] != [ ]) {
      X-Restart-Triggers = triggers "X-Restart-Triggers" name unit.restartTriggers;
    }
    // lib.optionalAttrs (unit.reloadTriggers or [ ] != [ ]) {
      X-Reload-Triggers = triggers "X-Reload-Triggers" name unit.reloadTriggers;
    }
    // lib.optionalAttrs (unit.description != "") { Description = unit.description; }
    // lib.optionalAttrs options.startLimitIntervalSec.isDefined {
      StartLimitIntervalSec = toString unit.startLimitIntervalSec;
    }
    // lib.optionalAttrs options.startLimitBurst.isDefined {
      StartLimitBurst = toString unit.startLimitBurst;
    };
}
