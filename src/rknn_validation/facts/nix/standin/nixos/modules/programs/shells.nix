# Shells.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  inherit (lib) types;
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
