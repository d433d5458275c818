# Environment variables: those of shells, those of whole sessions, and the file that exports them.
{
  config,
  options,
  lib,
  pkgs,
  utils,
  ...
}:

let
  cfg = config.environment;
  inherit (lib) mkOption types;
  declare = import ../../lib/declare.nix { inherit lib; };
  inherit (declare) lines off;

  scalar = [
    types.int
    types.str
    types.path
  ];
  relative = declare.attrsOf (types.listOf types.str);
  text = value: if builtins.isPath value then "${value}" else toString value;
  joined = value: if lib.isList value then lib.concatMapStringsSep ":" text value else text value;

  # A variable's own value comes first, then one entry for each profile.
  together =
    variables: profileRelative:
    lib.zipAttrsWith (_: lib.concatLists) [
      (lib.mapAttrs (_: lib.toList) variables)
      (lib.mapAttrs (
        _: suffixes: lib.concatMap (profile: map (suffix: profile + suffix) suffixes) cfg.profiles
      ) profileRelative)
    ];
  exports = lib.concatStringsSep "\n" (
    lib.mapAttrsToList (name: values: ''export ${name}="${lib.concatStringsSep ":" values}"'') (
      together cfg.variables cfg.profileRelativeEnvVars
    )
  );
  # PAM's own syntax; only the session's variables are in it.
  pamLine =
    name: values:
    let
      value = lib.concatStringsSep ":" values;
    in
    ''${name}   DEFAULT="${lib.replaceStrings [ "$HOME" "$USER" ] [ "@{HOME}" "@{PAM_USER}" ] value}"'';
  pamVariables = lib.zipAttrsWith (_: lib.concatLists) [
    { PATH = [ config.security.wrapperDir ]; }
    (together cfg.sessionVariables cfg.profileRelativeSessionVariables)
  ];
in
{
  options.environment = {
    variables = mkOption {
      type = types.attrsOf (types.nullOr (types.oneOf ([ (types.listOf (types.oneOf scalar)) ] ++ scalar)));
      default = { };
      apply = set: lib.mapAttrs (_: joined) (lib.filterAttrs (_: value: value != null) set);
    };
    sessionVariables = mkOption {
      inherit (options.environment.variables) type apply;
      default = { };
    };
    profileRelativeEnvVars = relative;
    profileRelativeSessionVariables = relative;
    profiles = declare.strings;
    extraInit = lines;
    shellInit = lines;
    loginShellInit = lines;
    interactiveShellInit = lines;
    shellAliases = declare.attrsOf (types.nullOr (types.either types.str types.path));
    homeBinInPath = off;
    localBinInPath = off;
    binsh = mkOption {
      type = types.path;
      default = "${config.system.build.binsh}/bin/sh";
    };
    shells = declare.listOf (types.either types.shellPackage types.path);
  };

  config = {
    system.build.binsh = pkgs.bashInteractive;
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
    system.build.pamEnvironment = pkgs.writeText "pam-environment" ''
      ${lib.concatStringsSep "\n" (lib.mapAttrsToList pamLine pamVariables)}
    '';

    environment = {
      # Session variables reach shells as well; shells' variables reach no session.
      variables = cfg.sessionVariables;
      profileRelativeEnvVars = cfg.profileRelativeSessionVariables;
      shellAliases = lib.mapAttrs (_: lib.mkDefault) {
        ls = "ls --color=tty";
        ll = "ls -l";
        l = "ls -alh";
      };
      etc = {
        shells.text = ''
          ${lib.concatStringsSep "\n" (map utils.toShellPath cfg.shells)}
          /bin/sh
        '';
        set-environment.source = config.system.build.setEnvironment;
        "pam/environment".source = config.system.build.pamEnvironment;
      };
    };
  };
}
