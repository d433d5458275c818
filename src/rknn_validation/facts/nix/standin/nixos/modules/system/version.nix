# The version of the NixOS that the stand-in stands for.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  declare = import ../../lib/declare.nix { inherit lib; };
  release = lib.trivial.release or "26.05";
in
{
  options.system = {
    stateVersion = mkOption {
      type = types.str;
      default = release;
    };
    defaultChannel = declare.str "https://nixos.org/channels/nixos-unstable";
    configurationRevision = declare.nullOr types.str;
    image = {
      id = declare.nullOr types.str;
      version = declare.nullOr types.str;
    };
    nixos = {
      version = declare.str "${release}pre-git";
      release = mkOption {
        readOnly = true;
        type = types.str;
        default = release;
      };
      versionSuffix = declare.str "pre-git";
      revision = declare.nullOr types.str;
      codeName = declare.str "";
      label = declare.str config.system.nixos.version;
      tags = declare.strings;
      distroId = declare.str "nixos";
      distroName = declare.str "NixOS";
      vendorId = declare.str "nixos";
      vendorName = declare.str "NixOS";
      variant_id = declare.nullOr (types.strMatching "^[a-z0-9._-]+$");
      variantName = declare.nullOr types.str;
      extraOSReleaseArgs = declare.attrsOf types.str;
      extraLSBReleaseArgs = declare.attrsOf types.str;
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
}
