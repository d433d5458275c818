# An evaluated system -> the data a Configuration is made of (see configuration.py, field by field).
{
  lib,
  subject,
  config,
  options,
  pkgs,
}:

let
  package = import ./package.nix { inherit lib subject; };
  inherit (package) describe describeAll safe;

  strings = lib.mapAttrs (_: toString);
  # Options some nixpkgs releases lack.
  get = path: default: lib.attrByPath path default config;

  kernel = config.boot.kernelPackages.kernel;
  deviceTree = config.hardware.deviceTree;

  # A file may have its text itself, or be a link to something that has it.
  textOf =
    file:
    let
      source = file.source or null;
    in
    if file.text or null != null then
      file.text
    else if lib.isAttrs source && lib.isString (source.text or null) then
      source.text
    else
      null;
  etcFile =
    path: file:
    {
      inherit path;
      text = safe null (textOf file);
      # Where the text is known, the file it would be built into does not matter.
      source = if safe null (textOf file) != null then null else safe null (if file.source or null == null then null else toString file.source);
      mode = file.mode or "symlink";
      user = file.user or "+0";
      group = file.group or "+0";
    };

  unit =
    suffix: name: value:
    {
      name = "${name}.${suffix}";
      enabled = value.enable or true;
      wanted_by = value.wantedBy or [ ];
      required_by = value.requiredBy or [ ];
      sections = lib.mapAttrs (_: lib.mapAttrs (_: values)) (
        {
          Unit = unitSection value;
        }
        // lib.optionalAttrs (value ? serviceConfig) { Service = serviceSection value; }
      );
      environment = lib.mapAttrs (_: toString) (
        lib.filterAttrs (_: one: one != null) (value.environment or { })
      );
      path = describeAll (lib.filter lib.isDerivation (value.path or [ ]));
      script = value.script or "";
      stop_script = (value.preStop or "") + (value.postStop or "");
      scripts = lib.filterAttrs (_: text: text != "") (
        lib.genAttrs [ "script" "preStart" "postStart" "preStop" "postStop" "reload" ] (
          option: value.${option} or ""
        )
      );
      restart_triggers = map toString (value.restartTriggers or [ ]);
    };
  values =
    value:
    if lib.isList value then
      map scalar value
    else
      [ (scalar value) ];
  scalar =
    value:
    if value == true then
      "true"
    else if value == false then
      "false"
    else
      toString value;
  relations = {
    after = "After";
    before = "Before";
    wants = "Wants";
    requires = "Requires";
    bindsTo = "BindsTo";
    partOf = "PartOf";
    conflicts = "Conflicts";
    requisite = "Requisite";
  };
  unitSection =
    value:
    lib.filterAttrs (_: list: list != [ ]) (
      lib.mapAttrs' (from: to: lib.nameValuePair to (value.${from} or [ ])) relations
    )
    // lib.optionalAttrs ((value.description or "") != "") { Description = value.description; }
    // (value.unitConfig or { });
  serviceSection =
    value:
    let
      scripts = {
        script = "ExecStart";
        preStart = "ExecStartPre";
        postStart = "ExecStartPost";
        preStop = "ExecStop";
        postStop = "ExecStopPost";
        reload = "ExecReload";
      };
      present = lib.filterAttrs (from: _: (value.${from} or "") != "") scripts;
    in
    # How a script is named on disk is NixOS's business; what it says is its text.
    lib.mapAttrs' (from: to: lib.nameValuePair to "script:${from}") present
    // value.serviceConfig;

  rulesIn =
    drv:
    let
      described = describe drv;
      named = lib.filterAttrs (
        path: _: lib.hasPrefix "lib/udev/rules.d/" path || lib.hasPrefix "etc/udev/rules.d/" path
      ) described.files;
    in
    if described.files == { } then
      [
        {
          name = described.name;
          text = null;
          origin = described.name;
        }
      ]
    else
      lib.mapAttrsToList (path: text: {
        name = baseNameOf path;
        inherit text;
        origin = described.name;
      }) named;

  optionDeclarations = lib.filter (one: one.loc != [ "_module" "args" ]) (
    lib.collect lib.isOption (lib.attrByPath subject.option { } options)
  );
  declaration = one: {
    path = lib.showOption one.loc;
    type = safe "unknown" (one.type.description or one.type.name or "unspecified");
    has_default = one ? default;
    default = safe null (
      if !(one ? default) then
        null
      else if lib.isDerivation one.default then
        toString one.default.name
      else
        plain one.default
    );
    description = safe null (
      let
        text = one.description or null;
      in
      if lib.isAttrs text then text.text or null else text
    );
    declared_in = map toString (one.declarations or [ ]);
    is_defined = one.isDefined or false;
    read_only = one.readOnly or false;
    visible = let shown = one.visible or true; in if lib.isBool shown then shown else true;
  };
  # Functions and derivations have no JSON; what stays says that they were there. A package set as a default
  # would be forced without end: large or deep sets are only named.
  plain = plainTo 4;
  plainTo =
    depth: value:
    if lib.isDerivation value then
      "«derivation ${value.name or "?"}»"
    else if lib.isFunction value then
      "«function»"
    else if lib.isAttrs value then
      if depth == 0 || lib.length (lib.attrNames value) > 64 then
        "«set»"
      else
        lib.mapAttrs (_: plainTo (depth - 1)) value
    else if lib.isList value then
      if depth == 0 then "«list»" else map (plainTo (depth - 1)) value
    else if builtins.isPath value then
      toString value
    else
      value;

  tmpfilesSettings = lib.concatLists (
    lib.concatLists (
      lib.mapAttrsToList (
        _: paths:
        lib.mapAttrsToList (
          path: types:
          lib.mapAttrsToList (
            type: one:
            lib.concatStringsSep " " [
              (one.type or type)
              path
              (one.mode or "-")
              (one.user or "-")
              (one.group or "-")
              (one.age or "-")
              (toString (one.argument or ""))
            ]
          ) types
        ) paths
      ) (get [ "systemd" "tmpfiles" "settings" ] { })
    )
  );

  account = name: value: {
    inherit name;
    groups = value.extraGroups or [ ];
    is_system = value.isSystemUser or false;
    gid = value.gid or null;
  };
  patchConfig =
    patch:
    lib.mapAttrs (
      _: value:
      if lib.isAttrs value then
        toString (value.tristate or value.freeform or "")
      else
        toString value
    ) (patch.structuredExtraConfig or patch.extraStructuredConfig or { });
in
{
  system = pkgs.stdenv.hostPlatform.system;
  assertions = map (one: {
    holds = one.assertion;
    message = safe "" one.message;
  }) config.assertions;
  inherit (config) warnings;
  options = map declaration optionDeclarations;

  udev_rules = lib.concatMap rulesIn config.services.udev.packages;
  udev_extra_rules = config.services.udev.extraRules;
  udev_packages = describeAll config.services.udev.packages;

  variables = strings config.environment.variables;
  session_variables = strings config.environment.sessionVariables;
  global_environment = strings (lib.filterAttrs (_: one: one != null) (get [ "systemd" "globalEnvironment" ] { }));
  set_environment = safe "" (textOf config.environment.etc."set-environment");
  shell_init = lib.genAttrs [ "extraInit" "shellInit" "loginShellInit" "interactiveShellInit" ] (
    name: config.environment.${name}
  );
  etc = lib.mapAttrs etcFile (
    lib.filterAttrs (_: file: file.enable or true) config.environment.etc
  );
  system_packages = describeAll config.environment.systemPackages;
  paths_to_link = config.environment.pathsToLink;
  graphics_packages =
    describeAll (
      lib.optional (get [ "hardware" "graphics" "enable" ] false) (get [ "hardware" "graphics" "package" ] pkgs.mesa)
    )
    ++ describeAll (get [ "hardware" "graphics" "extraPackages" ] [ ]);
  graphics_enabled = get [ "hardware" "graphics" "enable" ] false;

  units =
    lib.mapAttrs' (name: value: lib.nameValuePair "${name}.service" (unit "service" name value)) config.systemd.services
    // lib.mapAttrs' (name: value: lib.nameValuePair "${name}.timer" (unit "timer" name value)) (get [ "systemd" "timers" ] { })
    // lib.mapAttrs' (name: value: lib.nameValuePair "${name}.socket" (unit "socket" name value)) (get [ "systemd" "sockets" ] { })
    // lib.mapAttrs' (name: value: lib.nameValuePair "${name}.path" (unit "path" name value)) (get [ "systemd" "paths" ] { })
    // lib.mapAttrs' (name: value: lib.nameValuePair "${name}.target" (unit "target" name value)) (get [ "systemd" "targets" ] { });
  tmpfiles = config.systemd.tmpfiles.rules ++ tmpfilesSettings;
  activation_scripts = lib.mapAttrs (
    _: script: if lib.isString script then script else safe "" (script.text or "")
  ) (removeAttrs config.system.activationScripts [ "script" ]);

  kernel = {
    version = kernel.version or "";
    pname = kernel.pname or (kernel.name or "");
    package = describe kernel;
    config = { };
    modules = config.boot.kernelModules;
    initrd_modules = config.boot.initrd.kernelModules;
    initrd_available_modules = config.boot.initrd.availableKernelModules;
    blacklisted = config.boot.blacklistedKernelModules;
    extra_packages = describeAll config.boot.extraModulePackages;
    modprobe_config = config.boot.extraModprobeConfig;
    params = config.boot.kernelParams;
    patches = map (patch: {
      name = patch.name or "";
      has_patch = (patch.patch or null) != null;
      config = patchConfig patch;
    }) config.boot.kernelPatches;
  };
  device_tree = {
    enable = deviceTree.enable;
    name = deviceTree.name;
    filter = deviceTree.filter;
    overlays = map (overlay: {
      name = overlay.name;
      text = overlay.dtsText or null;
      file =
        let
          file = if (overlay.dtsFile or null) != null then overlay.dtsFile else overlay.dtboFile or null;
        in
        if file == null then null else toString file;
      filter = overlay.filter or null;
    }) deviceTree.overlays;
  };
  # The option's value is one directory; what it was made of are its definitions.
  firmware = describeAll (lib.concatLists options.hardware.firmware.definitions);
  users = lib.mapAttrs account config.users.users;
  groups = lib.mapAttrs account config.users.groups;
  ld_so_conf = [ ];
  nix_ld_libraries = lib.optionals (get [ "programs" "nix-ld" "enable" ] false) (
    describeAll (get [ "programs" "nix-ld" "libraries" ] [ ])
  );
  raw = {
    "nixpkgs.config" = safe { } (plain config.nixpkgs.config);
    "nixpkgs.overlays" = builtins.length config.nixpkgs.overlays;
  };
}
