# An evaluated system -> the data a Configuration is made of (see configuration.py, field by field).
#
# With `before`, only what differs from another system: { data, packages, differing, stateOf }, the other's
# data and packages by path (what this gives without `before`), the names of options that may differ, and how they do
# (see change.nix).
{
  lib,
  subject,
  index,
  loud,
  config,
  options,
  pkgs,
  before ? null,
}:

let
  # What every error's trace leads through stands first: see ./whole.nix.
  result = {
    packages = package.table packages;
    packagesByPath = package.byPath packages;
  }
  // change.result fields;
  packages = package.all (
    lib.concatLists [
      (change.listed systemPackages)
      (rooted graphics graphicsPackages)
      (change.listed udevPackages.packages)
      (rooted kernel.paths (given: given.extraModulePackages ++ [ given.kernelPackages.kernel ]))
      (rooted firmware firmwarePackages)
      (rooted nixLd nixLdLibraries)
      (change.inside systemd.sources systemd.packages)
    ]
  );
  try = import ./try.nix { inherit lib loud; };
  package = import ./package.nix {
    inherit
      lib
      subject
      index
      try
      ;
    others = if before == null then { } else before.packages;
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

  change = import ./change.nix { inherit lib config before; };
  inherit (change)
    field
    front
    named
    rooted
    ;

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
  account = name: value: {
    inherit name;
    groups = value.extraGroups or [ ];
    is_system = value.isSystemUser or false;
    gid = value.gid or null;
    group = value.group or "";
    members = value.members or [ ];
  };
  assertion = one: {
    holds = one.assertion;
    # Nobody evaluates the message of an assertion that holds.
    message = (if one.assertion then try.quietly else try.firmly) "" one.message;
  };
  text = path: of: named [ { inherit path of; } ];

  systemPackages = [
    "environment"
    "systemPackages"
  ];
  etc = [
    "environment"
    "etc"
  ];
  udevPackages.packages = [
    "services"
    "udev"
    "packages"
  ];
  graphics = lib.genAttrs [
    "enable"
    "package"
    "extraPackages"
  ] (name: [
    "hardware"
    "graphics"
    name
  ]);
  graphicsPackages =
    given:
    lib.optional (given.enable == true) (if given.package == null then pkgs.mesa else given.package)
    ++ lib.toList (if given.extraPackages == null then [ ] else given.extraPackages);
  firmware.firmware = [
    "hardware"
    "firmware"
  ];
  # The option's value is one directory; what it was made of are its definitions.
  firmwarePackages = _: lib.concatLists options.hardware.firmware.definitions;
  nixLd = lib.genAttrs [
    "enable"
    "libraries"
  ] (name: [
    "programs"
    "nix-ld"
    name
  ]);
  nixLdLibraries = given: lib.optionals (given.enable == true) given.libraries;
  kernel = kernelOf field;

  fields = {
    values = {
      system = field { } (_: pkgs.stdenv.hostPlatform.system);
      warnings = field { warnings = [ "warnings" ]; } (given: given.warnings);
      options = option.below subject.option options;

      udev_rules = field udevPackages (given: files.udevRules given.packages);
      udev_extra_rules = field {
        rules = [
          "services"
          "udev"
          "extraRules"
        ];
      } (given: given.rules);
      udev_packages = field udevPackages (given: keys given.packages);

      shell_init =
        let
          names = [
            "extraInit"
            "shellInit"
            "loginShellInit"
            "interactiveShellInit"
          ];
        in
        field (lib.genAttrs names (name: [
          "environment"
          name
        ])) (lib.mapAttrs (_: script: script));
      paths_to_link = field {
        paths = [
          "environment"
          "pathsToLink"
        ];
      } (given: given.paths);
      graphics_packages = field graphics (given: keys (graphicsPackages given));
      graphics_enabled = field { inherit (graphics) enable; } (given: given.enable == true);

      tmpfiles = field {
        rules = [
          "systemd"
          "tmpfiles"
          "rules"
        ];
        settings = [
          "systemd"
          "tmpfiles"
          "settings"
        ];
      } (given: given.rules ++ files.tmpfilesRules (if given.settings == null then { } else given.settings));
      device_tree = field (lib.genAttrs [
        "enable"
        "name"
        "filter"
        "overlays"
      ] (name: [
        "hardware"
        "deviceTree"
        name
      ])) (given: given // { overlays = map overlay given.overlays; });
      firmware = field firmware (given: keys (firmwarePackages given));
      ld_so_conf = field { inherit etc; } (
        given:
        lib.concatMap (file: lib.splitString "\n" file.text) (
          lib.filter (file: file.text != null) (
            lib.attrValues (files.etc (lib.filterAttrs (name: _: lib.hasPrefix "ld.so.conf" name) given.etc))
          )
        )
      );
      nix_ld_libraries = field nixLd (given: keys (nixLdLibraries given));
      raw = field {
        config = [
          "nixpkgs"
          "config"
        ];
        overlays = [
          "nixpkgs"
          "overlays"
        ];
      } (given: {
        "nixpkgs.config" = try.quietly { } (option.plain given.config);
        "nixpkgs.overlays" = builtins.length given.overlays;
      });
    };
    fronts = {
      assertions = front [ "assertions" ] (map assertion);
      system_packages = front systemPackages keys;
    };
    maps = {
      variables = text [ "environment" "variables" ] (_: toString);
      session_variables = text [ "environment" "sessionVariables" ] (_: toString);
      global_environment = named [
        {
          path = [
            "systemd"
            "globalEnvironment"
          ];
          keep = value: value != null;
          of = _: toString;
        }
      ];
      etc = named [
        {
          path = etc;
          keep = file: file.enable or true;
          of = files.etcFile;
        }
      ];
      units = named systemd.sources;
      activation_scripts = named [
        {
          path = [
            "system"
            "activationScripts"
          ];
          # All of them in one.
          without = [ "script" ];
          of = _: script: if lib.isString script then script else try.firmly "" (script.text or "");
        }
      ];
      users = text [ "users" "users" ] account;
      groups = text [ "users" "groups" ] account;
    };
    inherit (kernel) kernel;
  };
in
result
