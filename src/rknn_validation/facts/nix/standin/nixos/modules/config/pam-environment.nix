# The variables of whole sessions, as PAM reads them.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  together = import ../../lib/variables.nix { inherit lib; } config.environment;
  # PAM's own syntax; only the session's variables are in it.
  pamLine =
    name: values:
    let
      value = lib.concatStringsSep ":" values;
    in
    ''${name}   DEFAULT="${lib.replaceStrings [ "$HOME" "$USER" ] [ "@{HOME}" "@{PAM_USER}" ] value}"'';
  pamVariables = lib.zipAttrsWith (_: lib.concatLists) [
    { PATH = [ config.security.wrapperDir ]; }
    (together config.environment.sessionVariables config.environment.profileRelativeSessionVariables)
  ];
in
{
  config = {
    system.build.pamEnvironment = pkgs.writeText "pam-environment" ''
      ${lib.concatStringsSep "\n" (lib.mapAttrsToList pamLine pamVariables)}
    '';
    environment.etc."pam/environment".source = config.system.build.pamEnvironment;
  };
}
