# What every module may use: assertions, warnings, functions of other modules, maintainers, and the argument `utils`.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  inherit (lib) types;
  declare = import ../../lib/declare.nix { inherit lib; };
in
{
  options = {
    # Checked by `system.build.toplevel`.
    assertions = declare.listOf types.unspecified;
    warnings = declare.strings;
    lib = declare.attrsOf types.attrs;
    meta = {
      maintainers = declare.listOf types.unspecified;
      teams = declare.listOf types.unspecified;
      doc = declare.of types.unspecified null;
      buildDocsInSandbox = declare.on;
    };
  };
  config._module.args.utils = import ../../lib/utils.nix { inherit config lib pkgs; };
}
