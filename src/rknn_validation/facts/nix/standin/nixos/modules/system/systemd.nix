# systemd as the init system: its units of every kind.
{
  config,
  lib,
  pkgs,
  utils,
  ...
}:

let
  cfg = config.systemd;
  inherit (lib) mkOption types;
  inherit (utils) systemdUtils;
  declare = import ../../lib/declare.nix { inherit lib; };
  inherit (declare) of on off;
  environment = declare.attrsOf (
    types.nullOr (
      types.oneOf [
        types.str
        types.path
        types.package
      ]
    )
  );
  timersOf =
    services:
    lib.mapAttrs (_: service: {
      wantedBy = [ "timers.target" ];
      timerConfig.OnCalendar = service.startAt;
    }) (lib.filterAttrs (_: service: service.enable && service.startAt != [ ]) services);
  unitOptions = {
    units = of systemdUtils.types.units { };
    services = of systemdUtils.types.services { };
    sockets = of systemdUtils.types.sockets { };
    timers = of systemdUtils.types.timers { };
    paths = of systemdUtils.types.paths { };
    targets = of systemdUtils.types.targets { };
    slices = of systemdUtils.types.slices { };
  };
in
{
  imports = [
    (lib.mkRemovedOptionModule [ "systemd" "extraConfig" ] "Use systemd.settings.Manager instead.")
    (lib.mkRemovedOptionModule [
      "systemd"
      "enableUnifiedCgroupHierarchy"
    ] "In 256 support for cgroup v1 ('legacy' and 'hybrid' hierarchies) is now considered obsolete and systemd by default will refuse to boot under it.")
  ];

  options.systemd = unitOptions // {
    package = mkOption {
      type = types.package;
      default = pkgs.systemd;
    };
    enableStrictShellChecks = off;
    mounts = of systemdUtils.types.mounts [ ];
    automounts = of systemdUtils.types.automounts [ ];
    packages = declare.packages;
    generators = declare.attrsOf types.path;
    shutdown = declare.attrsOf types.path;
    shutdownRamfs = {
      enable = on;
      contents = of systemdUtils.types.initrdContents { };
      storePaths = declare.listOf types.unspecified;
    };
    defaultUnit = declare.str "multi-user.target";
    ctrlAltDelUnit = declare.str "reboot.target";
    enableEmergencyMode = on;
    enableCgroupAccounting = on;
    globalEnvironment = environment;
    managerEnvironment = environment;
    settings.Manager = declare.attrsOf systemdUtils.lib.unitOption;
    watchdog = lib.genAttrs [
      "device"
      "runtimeTime"
      "rebootTime"
      "kexecTime"
    ] (_: declare.nullOr types.str);
    suppressedSystemUnits = declare.strings;
    additionalUpstreamSystemUnits = declare.strings;
    additionalUpstreamUserUnits = declare.strings;
    user = unitOptions // {
      extraConfig = declare.lines;
      settings.Manager = declare.attrsOf systemdUtils.lib.unitOption;
      generators = declare.attrsOf types.path;
    };
  };

  config = {
    # `startAt` is short for a timer.
    systemd.timers = timersOf cfg.services;
    systemd.user.timers = timersOf cfg.user.services;
  };
}
