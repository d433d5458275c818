# Options of NixOS whose declaration is a type and a default, from a table: namespace -> type -> names, or names with
# their defaults. `off` and `on` are Booleans; of an `enum`, the first value is the default.
#
# This file is a value: Nix reads it once for all configurations of a batch.
let
  lib = import ../../lib;
  inherit (lib) types;
  declare = import ../lib/declare.nix { inherit lib; };

  atom = types.nullOr (
    types.oneOf [
      types.bool
      types.int
      types.float
      types.str
      types.path
    ]
  );
  known = types // {
    off = types.bool;
    on = types.bool;
    # Settings in a file with sections.
    section = types.attrsOf (types.either atom (types.listOf atom));
    sections = types.attrsOf known.section;
  };
  # "listOf str" -> types.listOf types.str
  typeOf =
    text:
    let
      words = lib.splitString " " text;
    in
    lib.foldr (word: known.${word}) known.${lib.last words} (lib.init words);
  # Defaults of options for which the table has none, by the first word of their type.
  defaults = {
    on = true;
    off = false;
    nullOr = null;
    listOf = [ ];
    attrsOf = { };
    attrs = { };
    lines = "";
    section = { };
    sections = { };
  };
  option =
    type:
    if type == "enum" then
      values: declare.enum values (lib.head values)
    else
      declare.of (typeOf type);
  options =
    namespace: type: names:
    let
      default = defaults.${lib.head (lib.splitString " " type)};
      values = if lib.isList names then lib.genAttrs names (_: default) else names;
    in
    lib.mapAttrsToList (name: value: {
      path = lib.splitString "." "${namespace}.${name}";
      update = _: option type value;
    }) values;
  table = lib.importJSON ./plain-options.json;
in
{
  options = lib.updateManyAttrsByPath (lib.concatLists (
    lib.concatLists (
      lib.mapAttrsToList (namespace: lib.mapAttrsToList (options namespace)) table
    )
  )) { };
}
