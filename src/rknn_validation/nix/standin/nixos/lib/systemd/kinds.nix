# The options of the other kinds of units.
{
  lib,
  pkgs,
  config,
}:
let
  inherit (lib) types;
  units = import ./units.nix { inherit lib pkgs config; };
  common = import ./common.nix { inherit lib pkgs config; };
  declare = import ../declare.nix { inherit lib; };
  section = declare.of (types.attrsOf units.unitOption) { };

  # A kind of unit: its own options, its file's suffix, and what else follows from its options.
  kind =
    suffix: own: base:
    {
      name,
      config,
      options,
      ...
    }:
    {
      options = base // own;
      config = {
        name = "${name}.${suffix}";
        unitConfig = common.unitSection name config options;
      };
    };
  mounted =
    suffix: own: sectionOf: base:
    {
      config,
      options,
      ...
    }:
    {
      options = base // own;
      config = {
        name = "${escape config.where}.${suffix}";
        unitConfig = common.unitSection config.where config options;
      }
      // sectionOf config;
    };
  escape = (import ../utils.nix { inherit config lib pkgs; }).escapeSystemdPath;

  make = base: {
    target = kind "target" { } base;
    socket = kind "socket" {
      listenStreams = declare.strings;
      listenDatagrams = declare.strings;
      socketConfig = section;
    } base;
    timer = kind "timer" { timerConfig = section; } base;
    path = kind "path" { pathConfig = section; } base;
    slice = kind "slice" { sliceConfig = section; } base;
    mount = mounted "mount" {
      what = declare.required types.str;
      where = declare.required types.str;
      type = declare.str "";
      options = declare.of types.commas "";
      mountConfig = section;
    } (unit: {
      mountConfig = {
        What = unit.what;
        Where = unit.where;
      }
      // lib.optionalAttrs (unit.type != "") { Type = unit.type; }
      // lib.optionalAttrs (unit.options != "") { Options = unit.options; };
    }) base;
    automount = mounted "automount" {
      where = declare.required types.str;
      automountConfig = section;
    } (unit: { automountConfig.Where = unit.where; }) base;
  };
in
{
  stage1 = make common.common;
  stage2 = make common.stage2;
}
