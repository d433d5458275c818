# The options of a service.
{
  lib,
  pkgs,
  config,
}:
let
  inherit (lib) mkOption types;
  nixos = config;
  units = import ./units.nix { inherit lib pkgs config; };
  common = import ./common.nix { inherit lib pkgs config; };
  declare = import ../declare.nix { inherit lib; };
  inherit (declare) of lines off on;

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

  serviceOptions = {
    environment = of (types.attrsOf (
      types.nullOr (
        types.oneOf [
          types.str
          types.path
          types.package
        ]
      )
    )) { };
    path = of (types.listOf (
      types.oneOf [
        types.package
        types.str
      ]
    )) [ ];
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
  stage2Options = {
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
    confinement = mkOption {
      type = types.submodule {
        options = {
          enable = off;
          fullUnit = off;
          packages = of (types.listOf (types.either types.str types.package)) [ ];
          binSh = of (types.nullOr types.path) "/bin/sh";
          mode = of (types.enum [
            "full-apivfs"
            "chroot-only"
          ]) "full-apivfs";
        };
      };
      default = { };
    };
    runner = mkOption {
      internal = true;
      type = types.unspecified;
      default = null;
    };
  };

  # What shell text becomes: an Exec line naming a script.
  execs =
    name: unit:
    let
      script =
        what: text:
        units.makeJobScript {
          name = "${name}-${what}";
          inherit text;
          inherit (unit) enableStrictShellChecks;
        };
    in
    {
      ExecStartPre = lib.mkIf (unit.preStart != "") [ (script "pre-start" unit.preStart) ];
      ExecStart = lib.mkIf (unit.script != "") "${script "start" unit.script} ${unit.scriptArgs}";
      ExecStartPost = lib.mkIf (unit.postStart != "") [ (script "post-start" unit.postStart) ];
      ExecReload = lib.mkIf (unit.reload != "") (script "reload" unit.reload);
      ExecStop = lib.mkIf (unit.preStop != "") (script "pre-stop" unit.preStop);
      ExecStopPost = lib.mkIf (unit.postStop != "") (script "post-stop" unit.postStop);
    };

  module =
    defaultPath:
    {
      name,
      config,
      options,
      ...
    }:
    {
      config = {
        name = "${name}.service";
        unitConfig = common.unitSection name config options;
        serviceConfig = execs name config;
        enableStrictShellChecks = lib.mkOptionDefault nixos.systemd.enableStrictShellChecks;
        path = lib.mkIf (defaultPath && config.enableDefaultPath) (
          lib.mkAfter [
            pkgs.coreutils
            pkgs.findutils
            pkgs.gnugrep
            pkgs.gnused
            nixos.systemd.package
          ]
        );
        environment.PATH = lib.mkIf (
          config.path != [ ]
        ) "${lib.makeBinPath config.path}:${lib.makeSearchPathOutput "bin" "sbin" config.path}";
      };
    };
  static = (import ./static.nix).service;
in
{
  # As static.nix hands them on.
  options = {
    stage1 = common.common // serviceOptions;
    stage2 = common.stage2 // serviceOptions // stage2Options;
  };
  stage1 = [
    static.stage1
    (module false)
  ];
  stage2 = [
    static.stage2
    (module true)
  ];
}
