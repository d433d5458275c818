# Options of units of every kind: of the initial ramdisk's (`stage1`) and of the system's (`stage2`). This file is a
# value: Nix reads it once for all configurations of a batch.
let
  lib = import ../../../lib;
  inherit (lib) mkOption types;
  units = import ./values.nix { inherit lib; };
  declare = import ../declare.nix { inherit lib; };
  inherit (declare) of on off lines;
  unitNames = of (types.listOf units.unitNameType) [ ];
  section = declare.attrsOf units.unitOption;

  # Of every unit, also of those given as text.
  shared = {
    enable = on;
    overrideStrategy = declare.enum [
      "asDropinIfExists"
      "asDropin"
    ] "asDropinIfExists";
    requiredBy = unitNames;
    upheldBy = unitNames;
    wantedBy = unitNames;
    aliases = unitNames;
  };
  common =
    shared
    // lib.genAttrs [
      "requires"
      "wants"
      "upholds"
      "after"
      "before"
      "bindsTo"
      "partOf"
      "conflicts"
      "requisite"
      "onFailure"
      "onSuccess"
    ] (_: unitNames)
    // {
      name = declare.required types.str;
      description = declare.str "";
      documentation = declare.strings;
      unitConfig = section;
      startLimitBurst = declare.required types.int;
      startLimitIntervalSec = declare.required types.int;
    };
  commonOfStage2 = common // {
    description = of types.singleLineStr "";
    restartTriggers = declare.listOf types.unspecified;
    reloadTriggers = declare.listOf units.unitOption;
  };

  checkService = units.checkUnitConfig "Service" [
    (units.assertValueOneOf "Type" [
      "exec"
      "simple"
      "forking"
      "oneshot"
      "dbus"
      "notify"
      "notify-reload"
      "idle"
    ])
    (units.assertValueOneOf "Restart" [
      "no"
      "on-success"
      "on-failure"
      "on-abnormal"
      "on-abort"
      "on-watchdog"
      "always"
    ])
  ];
  service = {
    environment = declare.attrsOf (
      types.nullOr (
        types.oneOf [
          types.str
          types.path
          types.package
        ]
      )
    );
    path = declare.listOf (types.either types.package types.str);
    serviceConfig = of (types.addCheck (types.attrsOf units.unitOption) checkService) { };
    enableStrictShellChecks = declare.required types.bool;
    script = lines;
    scriptArgs = declare.str "";
    preStart = lines;
    postStart = lines;
    reload = lines;
    preStop = lines;
    postStop = lines;
    jobScripts = of (types.coercedTo types.path lib.singleton (types.listOf types.path)) [ ];
  };
  serviceOfStage2 = service // {
    restartIfChanged = on;
    reloadIfChanged = off;
    stopIfChanged = on;
    notSocketActivated = off;
    enableDefaultPath = on;
    startAt = mkOption {
      type = types.either types.str (types.listOf types.str);
      default = [ ];
      apply = lib.toList;
    };
    confinement = of (declare.submodule {
      enable = off;
      fullUnit = off;
      packages = declare.listOf (types.either types.str types.package);
      binSh = of (types.nullOr types.path) "/bin/sh";
      mode = declare.enum [
        "full-apivfs"
        "chroot-only"
      ] "full-apivfs";
    }) { };
    runner = of types.unspecified null;
  };

  # Further options of the other kinds.
  kinds = {
    target = { };
    socket = {
      listenStreams = declare.strings;
      listenDatagrams = declare.strings;
      socketConfig = section;
    };
    timer.timerConfig = section;
    path.pathConfig = section;
    slice.sliceConfig = section;
    mount = {
      what = declare.required types.str;
      where = declare.required types.str;
      type = declare.str "";
      options = of types.commas "";
      mountConfig = section;
    };
    automount = {
      where = declare.required types.str;
      automountConfig = section;
    };
  };
  ofStage = common: service: lib.mapAttrs (_: own: { options = common // own; }) (kinds // { inherit service; });
in
{
  # A unit as text.
  concrete.options = shared // {
    name = declare.required types.str;
    text = declare.nullOr types.str;
    unit = mkOption { internal = true; };
  };
  stage1 = ofStage common service;
  stage2 = ofStage commonOfStage2 serviceOfStage2;
}
