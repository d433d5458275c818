# systemd units as data for Unit (configuration.py).
{
  lib,
  try,
  keys,
}:

let
  values = value: map scalar (lib.toList value);
  scalar =
    value:
    if value == true then
      "true"
    else if value == false then
      "false"
    else
      # For systemd, a line that ends in a backslash continues on the next.
      lib.replaceStrings [ "\\\n" ] [ " " ] (toString value);
  relations = {
    after = "After";
    before = "Before";
    wants = "Wants";
    requires = "Requires";
    bindsTo = "BindsTo";
    partOf = "PartOf";
    conflicts = "Conflicts";
    requisite = "Requisite";
    onFailure = "OnFailure";
  };
  unitSection =
    value:
    lib.filterAttrs (_: list: list != [ ]) (
      lib.mapAttrs' (from: to: lib.nameValuePair to (value.${from} or [ ])) relations
    )
    // lib.optionalAttrs (value.description or "" != "") { Description = value.description; }
    // lib.optionalAttrs (value.reloadTriggers or [ ] != [ ]) {
      X-Reload-Triggers = toString value.reloadTriggers;
    }
    // (value.unitConfig or { });
  scripts = {
    script = "ExecStart";
    preStart = "ExecStartPre";
    postStart = "ExecStartPost";
    preStop = "ExecStop";
    postStop = "ExecStopPost";
    reload = "ExecReload";
  };
  # What switch-to-configuration does with a unit that has changed.
  ifChanged =
    value:
    (
      if value.reloadIfChanged or false then
        { X-ReloadIfChanged = true; }
      else
        lib.optionalAttrs (!(value.restartIfChanged or true)) { X-RestartIfChanged = false; }
    )
    // lib.optionalAttrs (!(value.stopIfChanged or true)) { X-StopIfChanged = false; }
    // lib.optionalAttrs (value.notSocketActivated or false) { X-NotSocketActivated = true; };
  # The text of scripts, in place of the names of the files that NixOS writes them to.
  serviceSection =
    value:
    lib.mapAttrs' (from: to: lib.nameValuePair to "script:${from}") (
      lib.filterAttrs (from: _: value.${from} or "" != "") scripts
    )
    // ifChanged value
    // value.serviceConfig;
  sections =
    value:
    {
      Unit = unitSection value;
    }
    // lib.optionalAttrs (value ? serviceConfig) { Service = serviceSection value; }
    // lib.optionalAttrs (value ? timerConfig) { Timer = value.timerConfig; }
    // lib.optionalAttrs (value ? socketConfig) {
      Socket =
        value.socketConfig
        // lib.optionalAttrs (value.listenStreams or [ ] != [ ]) { ListenStream = value.listenStreams; };
    }
    // lib.optionalAttrs (value ? pathConfig) { Path = value.pathConfig; };

  unit = name: value: {
    inherit name;
    enabled = value.enable or true;
    wanted_by = value.wantedBy or [ ];
    required_by = value.requiredBy or [ ];
    sections = lib.mapAttrs (_: lib.mapAttrs (_: values)) (sections value);
    environment = lib.mapAttrs (_: toString) (
      lib.filterAttrs (_: one: one != null) (value.environment or { })
    );
    path = keys (lib.filter lib.isDerivation (value.path or [ ]));
    script = value.script or "";
    stop_script = (value.preStop or "") + (value.postStop or "");
    restart_triggers = map toString (value.restartTriggers or [ ]);
  };
  mount =
    option: value:
    lib.optional (value.enable or true) {
      inherit option;
      where = value.where;
      what = value.what or "";
      kind = value.type or "";
      options = lib.filter (one: one != "") (lib.splitString "," (value.options or ""));
      starts = value.wantedBy or [ ] ++ value.requiredBy or [ ] != [ ];
    };
  kinds = {
    services = "service";
    timers = "timer";
    sockets = "socket";
    paths = "path";
    targets = "target";
  };
  all =
    prefix: systemd:
    lib.concatMapAttrs (
      kind: suffix:
      lib.mapAttrs' (
        name: value:
        let
          full = "${prefix}${name}.${suffix}";
        in
        lib.nameValuePair full (try.firmly null (unit full value))
      ) (systemd.${kind} or { })
    ) kinds;
in
{
  # Units of the system, and below "user/" those of users.
  units =
    systemd: lib.filterAttrs (_: one: one != null) (all "" systemd // all "user/" (systemd.user or { }));
  # What systemd mounts.
  mounts =
    systemd:
    lib.concatMap (one: try.firmly [ ] (mount "systemd.mounts" one)) (systemd.mounts or [ ])
    ++ lib.concatMap (one: try.firmly [ ] (mount "systemd.automounts" one)) (systemd.automounts or [ ]);
  # The packages on the paths of units.
  packages =
    systemd:
    lib.concatMap (
      kind:
      lib.concatMap (value: lib.filter lib.isDerivation (value.path or [ ])) (
        lib.attrValues (systemd.${kind} or { }) ++ lib.attrValues (systemd.user.${kind} or { })
      )
    ) (lib.attrNames kinds);
}
