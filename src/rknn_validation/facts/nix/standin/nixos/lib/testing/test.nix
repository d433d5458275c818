# The options of a NixOS VM test, and the derivation it becomes.
{
  config,
  lib,
  hostPkgs,
  ...
}:

let
  inherit (lib) mkOption types;
  declare = import ../declare.nix { inherit lib; };
  inherit (declare) off;

  base = import ../eval-config.nix {
    inherit lib;
    inherit (config.node) specialArgs;
    system = null;
    modules = [
      ../../modules/virtualisation/vm-test.nix
      config.defaults
      config.nodeDefaults
      config.extraBaseModules
      {
        _module.args.nodes = config.nodes;
        virtualisation.host.pkgs = lib.mkDefault hostPkgs;
      }
      (
        { options, ... }:
        lib.optionalAttrs (!config.node.pkgsReadOnly) {
          config = lib.mkIf (!options.nixpkgs.pkgs.isDefined) {
            nixpkgs.system = lib.mkDefault hostPkgs.stdenv.hostPlatform.system;
          };
        }
      )
    ];
  };
in
{
  options = {
    name = declare.required types.str;
    # The meta attributes that a test may have.
    meta = mkOption {
      apply = lib.filterAttrs (_: value: value != null);
      default = { };
      type = declare.submodule {
        maintainers = declare.listOf types.raw;
        teams = declare.listOf types.raw;
        timeout = declare.nullOr types.int;
        broken = off;
        platforms = declare.nullOr (types.listOf types.raw);
        hydraPlatforms = declare.nullOr (types.listOf types.raw);
      };
    };
    hostPkgs = declare.required types.raw;
    nodes = mkOption {
      type = types.lazyAttrsOf config.node.type;
      default = { };
    };
    containers = declare.of (types.lazyAttrsOf types.deferredModule) { };
    node = {
      type = declare.of types.raw base.type;
      pkgs = declare.nullOr types.pkgs;
      pkgsReadOnly = declare.flag (config.node.pkgs != null);
      specialArgs = declare.of (types.lazyAttrsOf types.raw) { };
    };
    defaults = declare.of types.deferredModule { };
    nodeDefaults = declare.of types.deferredModule { };
    extraBaseModules = declare.of types.deferredModule { };
    testScript = declare.required (types.either types.str (types.functionTo types.str));
    extraPythonPackages = declare.of (types.functionTo (types.listOf types.package)) (_: [ ]);
    extraDriverArgs = declare.strings;
    qemu.package = declare.package hostPkgs.qemu;
    qemu.forceAccel = off;
    requiredFeatures = declare.of (types.attrsOf types.bool) { };
    rawTestDerivationArg = declare.of types.raw null;
    globalTimeout = declare.int 3600;
    enableOCR = off;
    enableDebugHook = off;
    sshBackdoor.enable = off;
    skipLint = off;
    skipTypeCheck = off;
    logLevel = declare.enum [
      "debug"
      "info"
      "warning"
      "error"
    ] "info";
    interactive = declare.of types.deferredModule { };
    passthru = declare.of (types.lazyAttrsOf types.raw) { };
    result = declare.required types.raw;
  };

  config = {
    _module.args = {
      hostPkgs = lib.mkOverride lib.modules.defaultOverridePriority config.hostPkgs;
      inherit (config) nodes;
    };
    defaults = lib.mkIf config.node.pkgsReadOnly {
      imports = [ ../../modules/misc/nixpkgs/read-only.nix ];
      nixpkgs.pkgs = config.node.pkgs;
    };
    nodeDefaults.virtualisation.qemu.package = lib.mkDefault config.qemu.package;
    result = hostPkgs.runCommand "vm-test-run-${config.name}" {
      # Building a test builds its systems, so they are evaluated.
      systems = lib.mapAttrsToList (_: node: node.system.build.toplevel) config.nodes;
      # So are the arguments of its virtual machines.
      machines = lib.mapAttrsToList (
        _: node: toString (node.virtualisation.qemu.options ++ node.virtualisation.additionalPaths)
      ) config.nodes;
      testScript =
        if lib.isFunction config.testScript then
          config.testScript { inherit (config) nodes; }
        else
          config.testScript;
      pythonPackages = config.extraPythonPackages hostPkgs.python3Packages;
      requiredSystemFeatures = lib.attrNames (
        lib.filterAttrs (_: wanted: wanted) (
          {
            kvm = true;
            nixos-test = true;
          }
          // config.requiredFeatures
        )
      );
      passthru = config.passthru // {
        inherit (config) nodes;
        driver = hostPkgs.writeText "nixos-test-driver-${config.name}" config.name;
      };
      inherit (config) meta;
    } "run";
  };
}
