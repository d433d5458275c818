# Programs that are switched on rather than just installed.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  inherit (lib) types;
  cfg = config.programs;
  declare = import ../../lib/declare.nix { inherit lib; };

  # Enabling these only installs them.
  plain = {
    inherit (pkgs)
      direnv
      git
      htop
      iotop
      less
      mtr
      nano
      tcpdump
      tmux
      vim
      ;
  };
  enabled = [
    "less"
    "nano"
  ];
in
{
  options.programs =
    lib.recursiveUpdate
      (lib.mapAttrs (name: package: {
        enable = declare.flag (lib.elem name enabled);
        package = declare.package package;
      }) plain)
      {
        git.config = declare.either (types.attrsOf types.attrs) (types.listOf types.attrs) { };
        git.lfs.package = declare.package pkgs.git-lfs;
        direnv.nix-direnv.package = declare.package pkgs.nix-direnv;
      };
  config.environment.systemPackages = lib.concatMap (
    name: lib.optional cfg.${name}.enable cfg.${name}.package
  ) (lib.attrNames plain);
}
