# Shells, and the files of /etc they read at start.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  inherit (lib) types;
  cfg = config.environment;
  bash = config.programs.bash;
  declare = import ../../lib/declare.nix { inherit lib; };
  inherit (declare) lines off on;

  shell = enabled: {
    enable = declare.flag enabled;
    shellInit = lines;
    loginShellInit = lines;
    interactiveShellInit = lines;
    promptInit = lines;
    shellAliases = declare.attrsOf (types.nullOr (types.either types.str types.path));
  };
in
{
  options.programs = {
    bash = shell true // {
      promptPluginInit = lines;
      logout = lines;
      completion.enable = on;
      completion.package = declare.package pkgs.bash-completion;
      enableLsColors = on;
      lsColorsFile = declare.maybe;
      undistractMe.enable = off;
      blesh.enable = off;
      vteIntegration = off;
    };
    zsh = shell false // {
      setOptions = declare.strings;
      histSize = declare.int 2000;
      histFile = declare.str "$HOME/.zsh_history";
      enableCompletion = on;
      enableBashCompletion = off;
      enableGlobalCompInit = on;
      enableLsColors = on;
      autosuggestions.enable = off;
      syntaxHighlighting.enable = off;
      vteIntegration = off;
      ohMyZsh = {
        enable = off;
        package = declare.package pkgs.oh-my-zsh;
        plugins = declare.strings;
        theme = declare.str "";
        custom = declare.maybe;
        customPkgs = declare.packages;
        cacheDir = declare.str "$HOME/.cache/oh-my-zsh";
        preLoaded = lines;
      };
    };
    fish = shell false // {
      package = declare.package pkgs.fish;
      shellAbbrs = declare.attrsOf types.str;
      useBabelfish = off;
      generateCompletions = on;
      vendor.completions.enable = on;
      vendor.config.enable = on;
      vendor.functions.enable = on;
    };
  };

  config = {
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
    environment.shells = [
      "/run/current-system/sw/bin/bash"
      "${pkgs.bashInteractive}/bin/bash"
    ]
    ++ lib.optional config.programs.zsh.enable "/run/current-system/sw/bin/zsh"
    ++ lib.optional config.programs.fish.enable "/run/current-system/sw/bin/fish";
    environment.systemPackages =
      lib.optional config.programs.zsh.enable pkgs.zsh
      ++ lib.optional config.programs.fish.enable config.programs.fish.package;
  };
}
