# systemd as the init system: its units of every kind, what they are rendered to, and what NixOS warns of.
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

  render = utils.systemdUtils.lib;

  byName = suffix: toUnit: lib.mapAttrs' (name: unit: lib.nameValuePair "${name}.${suffix}" (toUnit unit));
  byPath =
    suffix: toUnit: list:
    lib.listToAttrs (
      map (unit: lib.nameValuePair "${utils.escapeSystemdPath unit.where}.${suffix}" (toUnit unit)) list
    );
  unitsOf =
    set:
    byName "service" render.serviceToUnit set.services
    // byName "socket" render.socketToUnit set.sockets
    // byName "timer" render.timerToUnit set.timers
    // byName "path" render.pathToUnit set.paths
    // byName "target" render.targetToUnit set.targets
    // byName "slice" render.sliceToUnit set.slices;

  deprecated = name: "Service '${name}.service' uses the attribute 'StartLimitInterval' in the Service section, which is deprecated. See https://github.com/NixOS/nixpkgs/issues/45786.";
  online = "network-online.target";
  serviceWarnings =
    name: service:
    let
      type = service.serviceConfig.Type or "";
      restart = service.serviceConfig.Restart or "no";
    in
    lib.optional (
      type == "oneshot" && (restart == "always" || restart == "on-success")
    ) "Service '${name}.service' with 'Type=oneshot' cannot have 'Restart=always' or 'Restart=on-success'"
    ++ lib.optional (
      service.serviceConfig ? StartLimitInterval || service.unitConfig ? StartLimitInterval
    ) (deprecated name)
    ++ lib.optional (service.reloadIfChanged && service.reloadTriggers != [ ])
      "Service '${name}.service' has both 'reloadIfChanged' and 'reloadTriggers' set. 'reloadTriggers' behave like 'restartTriggers' then."
    ++ lib.optional (
      lib.elem online service.after
      && !lib.elem online (service.wants ++ service.requires ++ service.bindsTo)
    ) "${name}.service is ordered after '${online}' but doesn't depend on it";
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
    # `startAt` makes a timer.
    systemd.timers = timersOf cfg.services;
    systemd.user.timers = timersOf cfg.user.services;

    systemd.units =
      unitsOf cfg
      // byPath "mount" render.mountToUnit cfg.mounts
      // byPath "automount" render.automountToUnit cfg.automounts;
    systemd.user.units = unitsOf cfg.user;

    warnings = lib.concatLists (lib.mapAttrsToList serviceWarnings cfg.services);
    assertions = map (unit: {
      assertion = lib.hasPrefix "/" unit.where;
      message = "systemd mount unit: where must be an absolute path, got ${unit.where}";
    }) (cfg.mounts ++ cfg.automounts);

    system.build.units = pkgs.runCommand "system-units" { } (
      lib.concatMapStrings (name: "${name}\n") (lib.attrNames cfg.units)
    );
  };
}
