# The variables every NixOS system sets.
{
  config,
  lib,
  ...
}:
{
  config.environment = {
    variables = {
      NIXPKGS_CONFIG = "/etc/nix/nixpkgs-config.nix";
      PAGER = lib.mkDefault "less";
      EDITOR = lib.mkDefault "nano";
      XDG_CONFIG_DIRS = [ "/etc/xdg" ];
    };
    sessionVariables.NIX_PATH = config.nix.nixPath;
    # The most specific profile comes first.
    profiles = lib.mkMerge [
      (lib.mkBefore [
        "$HOME/.nix-profile"
        "\${XDG_STATE_HOME}/nix/profile"
        "$HOME/.local/state/nix/profile"
      ])
      [ "/etc/profiles/per-user/$USER" ]
      (lib.mkAfter [
        "/nix/var/nix/profiles/default"
        "/run/current-system/sw"
      ])
    ];
    profileRelativeSessionVariables = {
      PATH = [ "/bin" ];
      INFOPATH = [
        "/info"
        "/share/info"
      ];
      QTWEBKIT_PLUGIN_PATH = [ "/lib/mozilla/plugins/" ];
      GTK_PATH = [
        "/lib/gtk-2.0"
        "/lib/gtk-3.0"
        "/lib/gtk-4.0"
      ];
      XDG_CONFIG_DIRS = [ "/etc/xdg" ];
      XDG_DATA_DIRS = [ "/share" ];
      LIBEXEC_PATH = [ "/libexec" ];
      TERMINFO_DIRS = [ "/share/terminfo" ];
    };
    pathsToLink = [
      "/lib/gtk-2.0"
      "/lib/gtk-3.0"
      "/lib/gtk-4.0"
    ];
    extraInit = ''
      export NIX_USER_PROFILE_DIR="/nix/var/nix/profiles/per-user/$USER"
      export NIX_PROFILES="${lib.concatStringsSep " " (lib.reverseList config.environment.profiles)}"
    '';
  };
}
