# Programs that run with more rights than their callers.
{ config, lib, ... }:
let
  inherit (lib) types;
  declare = import ../../lib/declare.nix { inherit lib; };
  inherit (declare) off on;

  wrapper =
    { name, ... }:
    {
      options = {
        enable = on;
        source = declare.required types.path;
        program = declare.nullOr types.str // {
          default = name;
        };
        owner = declare.required types.str;
        group = declare.required types.str;
        permissions = declare.of (types.strMatching "[0-7]{3,4}|[ugoa,rwxXst+=-]+") "u+rx,g+x,o+x";
        capabilities = declare.of types.commas "";
        setuid = off;
        setgid = off;
      };
    };
in
{
  options.security = {
    enableWrappers = on;
    wrapperDir = declare.of types.path "/run/wrappers/bin";
    wrappers = declare.namedBy wrapper;
  };
  config = {
    # The wrappers come before any other directory of programs.
    environment.extraInit = lib.mkIf config.security.enableWrappers ''
      # Wrappers override other bin directories.
      export PATH="${config.security.wrapperDir}:$PATH"
    '';
    assertions = lib.mapAttrsToList (name: one: {
      assertion = one.setuid || one.setgid -> one.capabilities == "";
      message = ''
        The security.wrappers.${name} wrapper is not valid:
            setuid/setgid and capabilities are mutually exclusive.
      '';
    }) config.security.wrappers;
  };
}
