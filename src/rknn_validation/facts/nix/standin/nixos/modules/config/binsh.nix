# The shells of the system, and /bin/sh.
{
  config,
  lib,
  pkgs,
  utils,
  ...
}:

let
  inherit (lib) mkOption types;
in
{
  options.environment = {
    binsh = mkOption {
      type = types.path;
      default = "${config.system.build.binsh}/bin/sh";
    };
  };
  config = {
    system.build.binsh = pkgs.bashInteractive;
    environment.etc.shells.text = ''
      ${lib.concatStringsSep "\n" (map utils.toShellPath config.environment.shells)}
      /bin/sh
    '';
  };
}
