# What a system is built of; its toplevel refuses what real NixOS refuses.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  inherit (lib) mkOption types;
  declare = import ../../lib/declare.nix { inherit lib; };
  inherit (declare) off on;

  failed = map (one: one.message) (lib.filter (one: !one.assertion) config.assertions);
  base = pkgs.runCommand "nixos-system-${config.system.name}-${config.system.nixos.label}" {
    preferLocalBuild = true;
    passAsFile = [ "extraDependencies" ];
    inherit (config.system) extraDependencies;
    activationScript = config.system.activationScripts.script;
  } config.system.systemBuilderCommands;
in
{
  options = {
    system = {
      build = mkOption {
        default = { };
        type = types.submoduleWith {
          modules = [
            {
              freeformType = types.lazyAttrsOf (types.uniq types.unspecified);
            }
          ];
        };
      };
      boot.loader = {
        id = declare.str "";
        kernelFile = mkOption {
          internal = true;
          type = types.str;
          default = pkgs.stdenv.hostPlatform.linux-kernel.target or config.boot.kernelPackages.kernel.target;
        };
        initrdFile = declare.str "initrd";
      };
      copySystemConfiguration = off;
      systemBuilderCommands = declare.lines;
      extraSystemBuilderCmds = declare.lines;
      extraDependencies = declare.listOf types.pathInStore;
      forbiddenDependenciesRegexes = declare.strings;
      checks = declare.packages;
      preSwitchChecks = declare.attrsOf types.str;
      preSwitchChecksScript = declare.str "";
      replaceRuntimeDependencies = declare.listOf types.attrs;
      replaceDependencies.replacements = declare.listOf (
        declare.submodule {
          original = mkOption { type = types.package; };
          replacement = mkOption { type = types.package; };
        }
      );
      replaceDependencies.cutoffPackages = declare.packages;
      switch.enable = on;
      switch.inhibitors = declare.listOf types.unspecified;
      includeBuildDependencies = off;
      disableInstallerTools = off;
      tools = lib.genAttrs [
        "nixos-build-vms"
        "nixos-enter"
        "nixos-generate-config"
        "nixos-install"
        "nixos-option"
        "nixos-rebuild"
        "nixos-version"
      ] (_: { enable = on; });
      name = mkOption {
        type = types.str;
        default = if config.networking.hostName == "" then "unnamed" else config.networking.hostName;
      };
      rebuild.enableNg = on;
      autoUpgrade = {
        enable = off;
        operation = declare.str "switch";
        flake = declare.nullOr types.str;
        channel = declare.nullOr types.str;
        upgrade = on;
        flags = declare.strings;
        dates = declare.str "04:40";
        allowReboot = off;
        randomizedDelaySec = declare.str "0";
        fixedRandomDelay = off;
        rebootWindow = declare.nullOr types.attrs;
        runGarbageCollection = off;
        persistent = on;
      };
      nssModules = declare.listOf types.path;
      nssDatabases = lib.genAttrs [
        "passwd"
        "group"
        "shadow"
        "hosts"
        "services"
        "sudoers"
      ] (_: declare.strings);
    };
  };

  config.system.build.toplevel =
    if failed != [ ] then
      throw "\nFailed assertions:\n${lib.concatStringsSep "\n" (map (message: "- ${message}") failed)}"
    else
      lib.showWarnings config.warnings base;
}
