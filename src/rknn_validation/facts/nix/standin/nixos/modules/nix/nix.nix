# Nix on the machine.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  inherit (lib) types;
  cfg = config.nix;
  declare = import ../../lib/declare.nix { inherit lib; };
  inherit (declare)
    lines
    of
    off
    on
    ;
  value = types.nullOr (
    types.oneOf [
      types.bool
      types.int
      types.float
      types.str
      types.path
      types.package
    ]
  );
  renamedSetting =
    old: new: lib.mkRenamedOptionModule [ "nix" old ] [ "nix" "settings" new ];
in
{
  imports = [
    (renamedSetting "allowedUsers" "allowed-users")
    (renamedSetting "autoOptimiseStore" "auto-optimise-store")
    (renamedSetting "binaryCaches" "substituters")
    (renamedSetting "binaryCachePublicKeys" "trusted-public-keys")
    (renamedSetting "buildCores" "cores")
    (renamedSetting "maxJobs" "max-jobs")
    (renamedSetting "systemFeatures" "system-features")
    (renamedSetting "trustedBinaryCaches" "trusted-substituters")
    (renamedSetting "trustedUsers" "trusted-users")
    (renamedSetting "useSandbox" "sandbox")
    (renamedSetting "sandboxPaths" "extra-sandbox-paths")
  ];

  options.nix = {
    enable = on;
    package = declare.package pkgs.nix;
    channel.enable = on;
    nixPath = of (types.listOf types.str) (
      lib.optionals cfg.channel.enable [
        "nixpkgs=/nix/var/nix/profiles/per-user/root/channels/nixos"
        "nixos-config=/etc/nixos/configuration.nix"
        "/nix/var/nix/profiles/per-user/root/channels"
      ]
    );
    extraOptions = lines;
    registry = declare.namedBy {
      options = {
        from = of types.attrs { };
        to = of types.attrs { };
        flake = declare.nullOr types.attrs;
        exact = on;
      };
    };
    gc = {
      automatic = off;
      dates = declare.either types.singleLineStr (types.listOf types.str) "03:15";
      options = of types.singleLineStr "";
    };
    optimise = {
      automatic = off;
      dates = declare.either types.singleLineStr (types.listOf types.str) [ "03:45" ];
    };
    settings = declare.settings (types.attrsOf (types.either value (types.listOf value))) {
      max-jobs = declare.either types.int (types.enum [ "auto" ]) "auto";
      cores = declare.int 0;
      auto-optimise-store = off;
      sandbox = declare.either types.bool (types.enum [ "relaxed" ]) true;
      extra-sandbox-paths = declare.strings;
      substituters = declare.strings;
      trusted-substituters = declare.strings;
      require-sigs = on;
      trusted-public-keys = declare.strings;
      system-features = declare.strings;
      trusted-users = declare.strings;
      allowed-users = of (types.listOf types.str) [ "*" ];
    };
  };

  config = lib.mkIf cfg.enable {
    nix.settings = {
      trusted-users = [ "root" ];
      substituters = lib.mkAfter [ "https://cache.nixos.org/" ];
      trusted-public-keys = [ "cache.nixos.org-1:6NCHdD59X431o0gWypbMrAURkbJ16ZPMQFGspcDShjY=" ];
      system-features = [
        "nixos-test"
        "benchmark"
        "big-parallel"
        "kvm"
      ];
    };
    environment.systemPackages = [ cfg.package ];
    environment.etc."nix/nix.conf".text = "# Written by NixOS.\n${cfg.extraOptions}";
    systemd.services.nix-daemon = {
      path = [ cfg.package ];
      serviceConfig.LimitNOFILE = 1048576;
    };
    systemd.services.nix-gc = lib.mkIf cfg.gc.automatic {
      description = "Nix Garbage Collector";
      script = "exec ${lib.getExe' cfg.package "nix-collect-garbage"} ${cfg.gc.options}";
      serviceConfig.Type = "oneshot";
      startAt = cfg.gc.dates;
    };
    users.groups.nixbld.gid = config.ids.gids.nixbld;
  };
}
