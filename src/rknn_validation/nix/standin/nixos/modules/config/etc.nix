# environment.etc: the files below /etc.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  inherit (lib) types;
  declare = import ../../lib/declare.nix { inherit lib; };

  file =
    {
      name,
      config,
      options,
      ...
    }:
    {
      options = {
        enable = declare.on;
        target = declare.required types.str;
        text = declare.nullOr types.lines;
        source = declare.required types.path;
        mode = declare.str "symlink";
        uid = declare.int 0;
        gid = declare.int 0;
        user = declare.str "+${toString config.uid}";
        group = declare.str "+${toString config.gid}";
      };
      config = {
        target = lib.mkDefault name;
        source = lib.mkIf (config.text != null) (
          lib.mkDerivedConfig options.text (pkgs.writeText "etc-${baseNameOf name}")
        );
      };
    };
in
{
  options = {
    environment.etc = declare.namedBy file;
    system.etc.overlay.enable = declare.off;
    system.etc.overlay.mutable = declare.on;
  };
  config.system.build.etc = pkgs.runCommand "etc" {
    passthru.targets = map (one: one.target) (lib.attrValues config.environment.etc);
  } "etc";
}
