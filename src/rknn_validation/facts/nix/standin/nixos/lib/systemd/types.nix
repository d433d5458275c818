# Types of `systemd.services` and its kin, and of the initial ramdisk's.
{
  lib,
  pkgs,
  config,
}:
let
  inherit (lib) types;
  service = import ./service.nix { inherit lib pkgs config; };
  kinds = import ./kinds.nix { inherit lib pkgs config; };
  common = import ./common.nix { inherit lib pkgs config; };
  units = import ./units.nix { inherit lib pkgs config; };
  each = module: types.attrsOf (types.submodule module);
  listed = module: types.listOf (types.submodule module);
in
{
  units = types.attrsOf (
    types.submodule [
      (import ./static.nix).concrete
      (
        { name, config, ... }:
        {
          config.name = lib.mkDefault name;
          config.unit = lib.mkDefault (units.makeUnit name config);
        }
      )
    ]
  );
  services = each service.stage2;
  slices = each kinds.stage2.slice;
  targets = each kinds.stage2.target;
  sockets = each kinds.stage2.socket;
  timers = each kinds.stage2.timer;
  paths = each kinds.stage2.path;
  mounts = listed kinds.stage2.mount;
  automounts = listed kinds.stage2.automount;

  initrdServices = each service.stage1;
  initrdSlices = each kinds.stage1.slice;
  initrdTargets = each kinds.stage1.target;
  initrdSockets = each kinds.stage1.socket;
  initrdTimers = each kinds.stage1.timer;
  initrdPaths = each kinds.stage1.path;
  initrdMounts = listed kinds.stage1.mount;
  initrdAutomounts = listed kinds.stage1.automount;

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
          enable = lib.mkOption {
            type = types.bool;
            default = true;
          };
          target = lib.mkOption {
            type = types.path;
            default = name;
          };
          text = lib.mkOption {
            type = types.nullOr types.lines;
            default = null;
          };
          source = lib.mkOption { type = types.path; };
          dlopen = lib.mkOption {
            type = types.attrsOf types.unspecified;
            default = { };
          };
        };
        config.source = lib.mkIf (config.text != null) (
          lib.mkDerivedConfig options.text (pkgs.writeText "initrd-${lib.strings.sanitizeDerivationName name}")
        );
      }
    )
  );
}
