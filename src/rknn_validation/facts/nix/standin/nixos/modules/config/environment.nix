# Environment variables: those of shells, and those of whole sessions.
{ config, lib, ... }:

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

  variables = mkOption {
    type = types.attrsOf (types.nullOr (types.oneOf ([ (types.listOf (types.oneOf scalar)) ] ++ scalar)));
    default = { };
    apply = set: lib.mapAttrs (_: joined) (lib.filterAttrs (_: value: value != null) set);
  };
in
{
  options.environment = {
    inherit variables;
    sessionVariables = variables;
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
    shells = declare.listOf (types.either types.shellPackage types.path);
  };

  config = {
    environment = {
      # Session variables reach shells as well; shells' variables reach no session.
      variables = cfg.sessionVariables;
      profileRelativeEnvVars = cfg.profileRelativeSessionVariables;
      shellAliases = lib.mapAttrs (_: lib.mkDefault) {
        ls = "ls --color=tty";
        ll = "ls -l";
        l = "ls -alh";
      };
    };
  };
}
