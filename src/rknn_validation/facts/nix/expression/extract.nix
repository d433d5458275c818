# An evaluated system as data for Configuration (configuration.py), field by field.
{
  lib,
  # { root, option }: the folder whose packages are the subject's own, and the path of its options.
  subject,
  index,
  # Whether values that throw are let through, or left out.
  loud,
  config,
  options,
  pkgs,
}:

let
  # First in the file, because every error's trace leads through it: see ./whole.nix.
  result = {
    inherit configuration;
    packages = package.table (
      config.environment.systemPackages
      ++ graphicsPackages
      ++ config.services.udev.packages
      ++ config.boot.extraModulePackages
      ++ [ config.boot.kernelPackages.kernel ]
      ++ firmware
      ++ nixLdLibraries
      ++ systemd.packages config.systemd
      ++ tmpfilesPackages
      ++ lib.concatMap packagesOf (lib.attrNames config.users.users)
    );
  };
  try = import ./try.nix { inherit lib loud; };
  package = import ./package.nix {
    inherit
      lib
      subject
      index
      try
      ;
  };
  inherit (package) keys;
  files = import ./files.nix {
    inherit lib try;
    inherit (package) filesOf membersOf nameOf;
  };
  systemd = import ./units.nix { inherit lib try keys; };
  option = import ./options.nix { inherit lib try; };
  kernelOf = import ./kernel.nix {
    inherit lib try keys;
    inherit (package) key;
  };

  strings = lib.mapAttrs (_: toString);
  # For options that some releases of nixpkgs lack.
  get = path: default: lib.attrByPath path default config;

  inherit (config.hardware) deviceTree;
  graphics = get [ "hardware" "graphics" ] { };
  graphicsPackages =
    lib.optional (graphics.enable or false) (graphics.package or pkgs.mesa) ++ graphics.extraPackages or [ ];
  # The option's value is one directory; the packages are its definitions.
  firmware = lib.concatLists options.hardware.firmware.definitions;
  nixLd = get [ "programs" "nix-ld" ] { };
  nixLdLibraries = lib.optionals (nixLd.enable or false) (nixLd.libraries or [ ]);
  etc = files.etc config.environment.etc;
  overlay = one: {
    inherit (one) name;
    text = one.dtsText or null;
    file =
      let
        file = if one.dtsFile or null != null then one.dtsFile else one.dtboFile or null;
      in
      if file == null then null else toString file;
    filter = one.filter or null;
  };
  # A user's own packages, with those of home-manager where it is among the modules.
  packagesOf =
    name:
    let
      atHome = get [ "home-manager" "users" name "home" "packages" ] [ ];
    in
    try.firmly [ ] (
      lib.filter lib.isDerivation (
        config.users.users.${name}.packages or [ ] ++ lib.optionals (lib.isList atHome) atHome
      )
    );
  tmpfilesPackages = lib.filter lib.isDerivation (get [ "systemd" "tmpfiles" "packages" ] [ ]);
  tmpfilesSettings = get [ "systemd" "tmpfiles" "settings" ] { };
  account = name: value: {
    inherit name;
    groups = value.extraGroups or [ ];
    is_system = value.isSystemUser or false;
    gid = if lib.isInt (value.gid or null) then value.gid else null;
    group = value.group or "";
    members = value.members or [ ];
  };
  assertion = one: {
    # Anything but false holds: an unknown value is no reason to refuse.
    holds = one.assertion != false;
    # NixOS does not evaluate the message of an assertion that holds.
    message = (if one.assertion != false then try.quietly else try.firmly) "" one.message;
  };

  configuration = {
    inherit (pkgs.stdenv.hostPlatform) system;
    assertions = map assertion config.assertions;
    inherit (config) warnings;
    options = option.below subject.root subject.option options;

    udev_rules = files.udevRules config.services.udev.packages;
    udev_extra_rules = config.services.udev.extraRules;
    udev_packages = keys config.services.udev.packages;

    variables = strings config.environment.variables;
    session_variables = strings config.environment.sessionVariables;
    global_environment = strings (
      lib.filterAttrs (_: one: one != null) (get [ "systemd" "globalEnvironment" ] { })
    );
    shell_init = lib.genAttrs [
      "extraInit"
      "shellInit"
      "loginShellInit"
      "interactiveShellInit"
    ] (name: config.environment.${name});
    inherit etc;
    system_packages = keys config.environment.systemPackages;
    paths_to_link = config.environment.pathsToLink;
    graphics_packages = keys graphicsPackages;
    graphics_enabled = graphics.enable or false;

    units = systemd.units config.systemd;
    tmpfiles =
      config.systemd.tmpfiles.rules
      ++ files.tmpfilesRules tmpfilesSettings
      ++ files.tmpfilesLines tmpfilesSettings tmpfilesPackages;
    tmpfiles_packages = keys tmpfilesPackages;
    mounts = files.fileSystems (get [ "fileSystems" ] { }) ++ systemd.mounts config.systemd;
    post_boot_commands = try.firmly "" config.boot.postBootCommands;
    activation_scripts = lib.mapAttrs (
      _: script: if lib.isString script then script else try.firmly "" (script.text or "")
    ) (removeAttrs config.system.activationScripts [ "script" ]);

    kernel = kernelOf config.boot;
    device_tree = {
      inherit (deviceTree) enable name filter;
      overlays = map overlay deviceTree.overlays;
    };
    firmware = keys firmware;
    users = lib.mapAttrs (
      name: value: account name value // { packages = keys (packagesOf name); }
    ) config.users.users;
    groups = lib.mapAttrs account config.users.groups;
    ld_so_conf = lib.concatMap (file: lib.splitString "\n" file.text) (
      lib.filter (file: lib.hasPrefix "ld.so.conf" file.path && file.text != null) (lib.attrValues etc)
    );
    nix_ld_libraries = keys nixLdLibraries;
    raw = {
      "nixpkgs.config" = try.quietly { } (option.plain config.nixpkgs.config);
      "nixpkgs.overlays" = builtins.length config.nixpkgs.overlays;
    };
  };
in
result
