# Environment variables: those of shells, in /etc/set-environment, and those of whole sessions, which PAM reads.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  cfg = config.environment;
  inherit (lib) mkOption types;
  declare = import ../../lib/declare.nix { inherit lib; };

  scalar = [
    types.int
    types.str
    types.path
  ];
  relative = declare.attrsOf (types.listOf types.str);
  text = value: if builtins.isPath value then "${value}" else toString value;
  joined = value: if lib.isList value then lib.concatMapStringsSep ":" text value else text value;
  variables = mkOption {
    type = types.attrsOf (types.nullOr (types.oneOf ([ (types.listOf (types.oneOf scalar)) ] ++ scalar)));
    default = { };
    apply = set: lib.mapAttrs (_: joined) (lib.filterAttrs (_: value: value != null) set);
  };

  # A variable's own value comes first, then one entry for each profile.
  withProfiles =
    variables: profileRelative:
    lib.zipAttrsWith (_: lib.concatLists) [
      (lib.mapAttrs (_: lib.toList) variables)
      (lib.mapAttrs (
        _: suffixes: lib.concatMap (profile: map (suffix: profile + suffix) suffixes) cfg.profiles
      ) profileRelative)
    ];
  exports = lib.concatStringsSep "\n" (
    lib.mapAttrsToList (name: values: ''export ${name}="${lib.concatStringsSep ":" values}"'') (
      withProfiles cfg.variables cfg.profileRelativeEnvVars
    )
  );
  # In PAM's own syntax, with the session's variables only.
  pamLine =
    name: values:
    let
      value = lib.concatStringsSep ":" values;
    in
    ''${name}   DEFAULT="${lib.replaceStrings [ "$HOME" "$USER" ] [ "@{HOME}" "@{PAM_USER}" ] value}"'';
  pamVariables = lib.zipAttrsWith (_: lib.concatLists) [
    { PATH = [ config.security.wrapperDir ]; }
    (withProfiles cfg.sessionVariables cfg.profileRelativeSessionVariables)
  ];
in
{
  options.environment = {
    inherit variables;
    sessionVariables = variables;
    profileRelativeEnvVars = relative;
    profileRelativeSessionVariables = relative;
    profiles = declare.strings;
    extraInit = declare.lines;
    homeBinInPath = declare.off;
    localBinInPath = declare.off;
  };

  config = {
    environment = {
      # Session variables are set in shells as well, but not the other way round.
      variables = lib.mkMerge [
        cfg.sessionVariables
        {
          NIXPKGS_CONFIG = "/etc/nix/nixpkgs-config.nix";
          PAGER = lib.mkDefault "less";
          EDITOR = lib.mkDefault "nano";
          XDG_CONFIG_DIRS = [ "/etc/xdg" ];
        }
      ];
      profileRelativeEnvVars = cfg.profileRelativeSessionVariables;
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
      extraInit = ''
        export NIX_USER_PROFILE_DIR="/nix/var/nix/profiles/per-user/$USER"
        export NIX_PROFILES="${lib.concatStringsSep " " (lib.reverseList cfg.profiles)}"
      '';
      etc.set-environment.source = config.system.build.setEnvironment;
      etc."pam/environment".source = config.system.build.pamEnvironment;
    };
    system.build.pamEnvironment = pkgs.writeText "pam-environment" ''
      ${lib.concatStringsSep "\n" (lib.mapAttrsToList pamLine pamVariables)}
    '';
    system.build.setEnvironment = pkgs.writeText "set-environment" ''
      # DO NOT EDIT -- this file has been generated automatically.

      # Prevent this file from being sourced by child shells.
      export __NIXOS_SET_ENVIRONMENT_DONE=1

      ${exports}

      ${cfg.extraInit}

      ${lib.optionalString cfg.homeBinInPath ''
        # ~/bin if it exists overrides other bin directories.
        export PATH="$HOME/bin:$PATH"
      ''}

      ${lib.optionalString cfg.localBinInPath ''
        export PATH="$HOME/.local/bin:$PATH"
      ''}
    '';
  };
}
