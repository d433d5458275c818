# A package set that is given and stays as it is.
{ lib, config, ... }:
{
  disabledModules = [ "misc/nixpkgs.nix" ];
  options.nixpkgs = {
    pkgs = lib.mkOption { type = lib.types.pkgs; };
    config = lib.mkOption {
      internal = true;
      type = lib.types.unique { message = "nixpkgs.config is set to read-only"; } lib.types.anything;
    };
    overlays = lib.mkOption {
      internal = true;
      type = lib.types.unique { message = "nixpkgs.overlays is set to read-only"; } lib.types.anything;
    };
    hostPlatform = lib.mkOption {
      internal = true;
      readOnly = true;
    };
    buildPlatform = lib.mkOption {
      internal = true;
      readOnly = true;
    };
  };
  config = {
    _module.args.pkgs = lib.mkOverride 100 config.nixpkgs.pkgs;
    nixpkgs = {
      config = config.nixpkgs.pkgs.config;
      overlays = config.nixpkgs.pkgs.overlays;
      hostPlatform = config.nixpkgs.pkgs.stdenv.hostPlatform;
      buildPlatform = config.nixpkgs.pkgs.stdenv.buildPlatform;
    };
  };
}
