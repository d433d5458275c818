# Types of `systemd.services` and its kin, and of the initial ramdisk's.
{
  lib,
  pkgs,
  config,
}:
let
  inherit (lib) types;
  modules = import ./modules.nix { inherit lib pkgs config; };
  units = import ./units.nix { inherit lib pkgs config; };
  declare = import ../declare.nix { inherit lib; };
  each = module: types.attrsOf (types.submodule module);
  listed = module: types.listOf (types.submodule module);
  ofStage = kinds: {
    services = each kinds.service;
    slices = each kinds.slice;
    targets = each kinds.target;
    sockets = each kinds.socket;
    timers = each kinds.timer;
    paths = each kinds.path;
    mounts = listed kinds.mount;
    automounts = listed kinds.automount;
  };
in
{
  units = types.attrsOf (
    types.submodule [
      (import ./options.nix).concrete
      (
        { name, config, ... }:
        {
          config.name = lib.mkDefault name;
          config.unit = lib.mkDefault (units.makeUnit name config);
        }
      )
    ]
  );
  inherit (ofStage modules.stage2)
    automounts
    mounts
    paths
    services
    slices
    sockets
    targets
    timers
    ;
  initrd = ofStage modules.stage1;
  initrdContents = types.attrsOf (
    types.submodule (
      {
        name,
        config,
        options,
        ...
      }:
      {
        options = {
          enable = declare.on;
          target = declare.of types.path name;
          text = declare.nullOr types.lines;
          source = declare.required types.path;
          dlopen = declare.attrsOf types.unspecified;
        };
        config.source = lib.mkIf (config.text != null) (
          lib.mkDerivedConfig options.text (pkgs.writeText "initrd-${lib.strings.sanitizeDerivationName name}")
        );
      }
    )
  );
}
