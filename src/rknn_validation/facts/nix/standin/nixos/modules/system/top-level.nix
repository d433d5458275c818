# What a system is built of, and its version; its toplevel refuses what real NixOS refuses.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  inherit (lib) mkOption types;
  declare = import ../../lib/declare.nix { inherit lib; };
  # The release that the stand-in imitates.
  release = lib.trivial.release or "26.05";

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
      build = declare.settings (types.lazyAttrsOf (types.uniq types.unspecified)) { };
      boot.loader.kernelFile = declare.str (
        pkgs.stdenv.hostPlatform.linux-kernel.target or config.boot.kernelPackages.kernel.target
      );
      systemBuilderCommands = declare.lines;
      extraDependencies = declare.listOf types.pathInStore;
      replaceDependencies.replacements = declare.listOf (
        declare.submodule {
          original = declare.required types.package;
          replacement = declare.required types.package;
        }
      );
      name = declare.str (
        if config.networking.hostName == "" then "unnamed" else config.networking.hostName
      );
      stateVersion = declare.str release;
      nixos = {
        version = declare.str "${release}pre-git";
        release = mkOption {
          readOnly = true;
          type = types.str;
          default = release;
        };
        label = declare.str config.system.nixos.version;
        distroId = declare.str "nixos";
        distroName = declare.str "NixOS";
        variant_id = declare.nullOr (types.strMatching "^[a-z0-9._-]+$");
      };
    };
  };

  config.environment.etc = {
    os-release.text = ''
      ID=${config.system.nixos.distroId}
      NAME=${config.system.nixos.distroName}
      VERSION_ID="${release}"
    '';
    lsb-release.text = ''
      DISTRIB_ID=${config.system.nixos.distroId}
      DISTRIB_RELEASE="${release}"
    '';
  };
  config.system.build.toplevel =
    if failed != [ ] then
      throw "\nFailed assertions:\n${lib.concatStringsSep "\n" (map (message: "- ${message}") failed)}"
    else
      lib.showWarnings config.warnings base;
}
