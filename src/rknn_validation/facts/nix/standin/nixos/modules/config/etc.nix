# environment.etc: the files below /etc.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  declare = import ../../lib/declare.nix { inherit lib; };

  file = [
    (import ../../lib/submodules.nix).etcFile
    (
      {
        name,
        config,
        options,
        ...
      }:
      {
        config = {
          target = lib.mkDefault name;
          source = lib.mkIf (config.text != null) (
            lib.mkDerivedConfig options.text (pkgs.writeText "etc-${baseNameOf name}")
          );
          user = lib.mkOptionDefault "+${toString config.uid}";
          group = lib.mkOptionDefault "+${toString config.gid}";
        };
      }
    )
  ];
in
{
  options = {
    environment.etc = declare.namedBy file;
  };
  config.system.build.etc = pkgs.runCommand "etc" {
    passthru.targets = map (one: one.target) (lib.attrValues config.environment.etc);
  } "etc";
  config.system.activationScripts.etc = {
    deps = [
      "users"
      "groups"
      "specialfs"
    ];
    text = "# Links ${config.system.build.etc} into /etc.";
  };
}
