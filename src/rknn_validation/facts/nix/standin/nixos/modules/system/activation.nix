# Activation scripts: shell text, or shell text with what has to come before it.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  inherit (lib) mkOption types;
  declare = import ../../lib/declare.nix { inherit lib; };

  scripts =
    withDryRun:
    types.attrsOf (
      types.either types.str (
        types.submodule {
          options = {
            deps = declare.strings;
            text = declare.required types.lines;
          }
          // lib.optionalAttrs withDryRun { supportsDryActivation = declare.off; };
        }
      )
    );
  snippet =
    name: value:
    let
      script = if lib.isString value then lib.noDepEntry value else value;
    in
    script
    // {
      text = lib.optionalString (script.text != "") ''
        #### Activation script snippet ${name}:
        _localstatus=0
        ${script.text}

        if (( _localstatus > 0 )); then
          printf "Activation script snippet '%s' failed (%s)\n" "${name}" "$_localstatus"
        fi

      '';
    };
  inOrder =
    set: lib.concatStrings (lib.textClosureList (lib.mapAttrs snippet set) (lib.attrNames set));
  after = deps: text: { inherit deps text; };
in
{
  options = {
    system.activationScripts = mkOption {
      type = scripts true;
      default = { };
      apply = set: set // { script = inOrder set; };
    };
    system.userActivationScripts = mkOption {
      type = scripts false;
      default = { };
      apply = set: set // { script = inOrder set; };
    };
    system.dryActivationScript = mkOption {
      type = types.lines;
      internal = true;
      readOnly = true;
      default = "";
    };
    environment.usrbinenv = declare.of (types.nullOr types.path) "${pkgs.coreutils}/bin/env";
  };

  config.system.activationScripts = {
    stdio = "";
    var = "";
    specialfs = "";
    users = after [ ] "# Creates the users and groups of this configuration.";
    groups = after [ "users" ] "";
    hashes = after [ "users" ] "";
    modprobe = "echo ${pkgs.kmod}/bin/modprobe > /proc/sys/kernel/modprobe";
    hostname = lib.optionalString (
      config.networking.hostName != ""
    ) ''hostname "${config.networking.hostName}"'';
    binsh = ''
      mkdir -p /bin
      chmod 0755 /bin
      ln -sfn "${config.environment.binsh}" /bin/.sh.tmp
      mv /bin/.sh.tmp /bin/sh
    '';
    usrbinenv = lib.optionalString (config.environment.usrbinenv != null) ''
      mkdir -p /usr/bin
      chmod 0755 /usr/bin
      ln -sfn ${config.environment.usrbinenv} /usr/bin/.env.tmp
      mv /usr/bin/.env.tmp /usr/bin/env
    '';
  };
}
