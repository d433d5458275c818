# /etc/set-environment: the file that exports the variables of shells.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  cfg = config.environment;
  together = import ../../lib/variables.nix { inherit lib; } cfg;
  exports = lib.concatStringsSep "\n" (
    lib.mapAttrsToList (name: values: ''export ${name}="${lib.concatStringsSep ":" values}"'') (
      together cfg.variables cfg.profileRelativeEnvVars
    )
  );
in
{
  config = {
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
    environment.etc.set-environment.source = config.system.build.setEnvironment;
  };
}
