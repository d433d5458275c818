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

  # A kind of unit: its file's suffix, and what follows from its options.
  kind = stage: suffix: [
    static.${stage}.${suffix}
    (
      {
        name,
        config,
        options,
        ...
      }:
      {
        config = {
          name = "${name}.${suffix}";
          unitConfig = common.unitSection name config options;
        };
      }
    )
  ];
  mounted = stage: suffix: sectionOf: [
    static.${stage}.${suffix}
    (
      { config, options, ... }:
      {
        config = {
          name = "${escape config.where}.${suffix}";
          unitConfig = common.unitSection config.where config options;
        }
        // sectionOf config;
      }
    )
  ];
  static = (import ./static.nix).kinds;
  escape = (import ../utils.nix { inherit config lib pkgs; }).escapeSystemdPath;

  # The options each kind has beside the common ones.
  own = {
    target = { };
    socket = {
      listenStreams = declare.strings;
      listenDatagrams = declare.strings;
      socketConfig = section;
    };
    timer.timerConfig = section;
    path.pathConfig = section;
    slice.sliceConfig = section;
    mount = {
      what = declare.required types.str;
      where = declare.required types.str;
      type = declare.str "";
      options = declare.of types.commas "";
      mountConfig = section;
    };
    automount = {
      where = declare.required types.str;
      automountConfig = section;
    };
  };
  make =
    stage:
    lib.genAttrs [
      "target"
      "socket"
      "timer"
      "path"
      "slice"
    ] (kind stage)
    // {
      mount = mounted stage "mount" (unit: {
        mountConfig = {
          What = unit.what;
          Where = unit.where;
        }
        // lib.optionalAttrs (unit.type != "") { Type = unit.type; }
        // lib.optionalAttrs (unit.options != "") { Options = unit.options; };
      });
      automount = mounted stage "automount" (unit: {
        automountConfig.Where = unit.where;
      });
    };
in
{
  # As static.nix hands them on.
  options = {
    stage1 = lib.mapAttrs (_: more: common.common // more) own;
    stage2 = lib.mapAttrs (_: more: common.stage2 // more) own;
  };
  stage1 = make "stage1";
  stage2 = make "stage2";
}
