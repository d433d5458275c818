# Rights and hardening.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  inherit (lib) types;
  cfg = config.security;
  declare = import ../../lib/declare.nix { inherit lib; };
  inherit (declare) off;

  sudo = package: default: {
    enable = declare.flag default;
    package = declare.package package;
  };
in
{
  options.security = {
    lsm = declare.of (types.uniq (types.listOf types.str)) [ ];
    polkit = {
      enable = off;
      package = declare.package pkgs.polkit;
    };
    rtkit.enable = off;
    sudo = sudo pkgs.sudo true;
    sudo-rs = sudo pkgs.sudo-rs false;
    audit.enable = declare.either types.bool (types.enum [ "lock" ]) false;
  };

  config = lib.mkMerge [
    (lib.mkIf cfg.sudo.enable {
      environment.systemPackages = [ cfg.sudo.package ];
      security.wrappers.sudo = {
        source = "${cfg.sudo.package}/bin/sudo";
        owner = "root";
        group = "root";
        setuid = true;
      };
    })
    (lib.mkIf cfg.rtkit.enable {
      security.polkit.enable = true;
      environment.systemPackages = [ pkgs.rtkit ];
    })
    (lib.mkIf cfg.polkit.enable {
      environment.systemPackages = [ cfg.polkit.package ];
      users.users.polkituser = {
        isSystemUser = true;
        description = "PolKit daemon";
        group = "polkituser";
      };
      users.groups.polkituser = { };
      # New programs may bring new actions.
      systemd.services.polkit.restartTriggers = [ config.system.path ];
    })
  ];
}
