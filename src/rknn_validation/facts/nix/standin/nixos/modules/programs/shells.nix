# Shells, and the files of /etc that they read at start.
{
  config,
  lib,
  pkgs,
  utils,
  ...
}:

let
  inherit (lib) types;
  cfg = config.environment;
  inherit (config.programs) bash fish zsh;
  declare = import ../../lib/declare.nix { inherit lib; };
  aliases = declare.attrsOf (types.nullOr (types.either types.str types.path));

  shell = enabled: {
    enable = declare.flag enabled;
    shellInit = declare.lines;
    loginShellInit = declare.lines;
    interactiveShellInit = declare.lines;
    promptInit = declare.lines;
    shellAliases = aliases;
  };
in
{
  options = {
    environment = {
      shellInit = declare.lines;
      loginShellInit = declare.lines;
      interactiveShellInit = declare.lines;
      shellAliases = aliases;
      shells = declare.listOf (types.either types.shellPackage types.path);
    };
    programs = {
      bash = shell true // {
        completion.package = declare.package pkgs.bash-completion;
      };
      zsh = shell false;
      fish = shell false // {
        package = declare.package pkgs.fish;
      };
    };
  };

  config = {
    environment.shells = [
      "/run/current-system/sw/bin/bash"
      "${pkgs.bashInteractive}/bin/bash"
    ]
    ++ lib.optional zsh.enable "/run/current-system/sw/bin/zsh"
    ++ lib.optional fish.enable "/run/current-system/sw/bin/fish";
    environment.systemPackages = lib.optional zsh.enable pkgs.zsh ++ lib.optional fish.enable fish.package;
    environment.shellAliases = lib.mapAttrs (_: lib.mkDefault) {
      ls = "ls --color=tty";
      ll = "ls -l";
      l = "ls -alh";
    };
    environment.etc.shells.text = ''
      ${lib.concatStringsSep "\n" (map utils.toShellPath cfg.shells)}
      /bin/sh
    '';
    environment.etc.profile.text = ''
      # /etc/profile: DO NOT EDIT -- this file has been generated automatically.
      # This file is read for login shells.

      # Only execute this file once per shell.
      if [ -n "$__ETC_PROFILE_SOURCED" ]; then return; fi
      __ETC_PROFILE_SOURCED=1

      # Prevent this file from being sourced by interactive non-login child shells.
      export __ETC_PROFILE_DONE=1

      if [ -z "$__NIXOS_SET_ENVIRONMENT_DONE" ]; then
          . ${config.system.build.setEnvironment}
      fi

      ${cfg.shellInit}
      ${bash.shellInit}

      ${cfg.loginShellInit}
      ${bash.loginShellInit}

      # Read system-wide modifications.
      if test -f /etc/profile.local; then
          . /etc/profile.local
      fi

      if [ -n "''${BASH_VERSION:-}" ]; then
          . /etc/bashrc
      fi
    '';
    environment.etc.bashrc.text = ''
      # /etc/bashrc: DO NOT EDIT -- this file has been generated automatically.

      # Only execute this file once per shell.
      if [ -n "$__ETC_BASHRC_SOURCED" ] || [ -n "$NOSYSBASHRC" ]; then return; fi
      __ETC_BASHRC_SOURCED=1

      # If the profile was not loaded in a parent process, source
      # it.  But otherwise don't do it because we don't want to
      # clobber overridden values of $PATH, etc.
      if [ -z "$__ETC_PROFILE_DONE" ]; then
          . /etc/profile
      fi

      # We are not always an interactive shell.
      if [ -n "$PS1" ]; then
          ${cfg.interactiveShellInit}
          ${bash.interactiveShellInit}
          ${bash.promptInit}
      fi

      # Read system-wide modifications.
      if test -f /etc/bashrc.local; then
          . /etc/bashrc.local
      fi
    '';
  };
}
