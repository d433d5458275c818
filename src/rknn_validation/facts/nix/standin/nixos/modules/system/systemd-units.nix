# What the units are rendered to, and what NixOS warns of.
{
  config,
  lib,
  pkgs,
  utils,
  ...
}:

let
  cfg = config.systemd;
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
  config = {
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
