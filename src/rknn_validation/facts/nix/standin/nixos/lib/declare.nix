# Short ways to declare options: the stand-in documents none of them, NixOS's manual does.
{ lib }:
let
  inherit (lib) mkOption types;
in
rec {
  # An option of a type with a default value.
  of = type: default: mkOption { inherit type default; };
  # An option of a type that has no value until somebody sets it.
  required = type: mkOption { inherit type; };
  on = of types.bool true;
  off = of types.bool false;
  flag = of types.bool;
  lines = of types.lines "";
  str = of types.str;
  int = of types.int;
  port = of types.port;
  # Text, or nothing.
  maybe = of (types.nullOr types.str) null;
  # Settings in a nested format, with any names.
  tree = of types.attrs { };
  enum = values: default: of (types.enum values) default;
  either = first: second: of (types.either first second);
  strings = of (types.listOf types.str) [ ];
  packages = of (types.listOf types.package) [ ];
  paths = of (types.listOf types.path) [ ];
  nullOr = type: of (types.nullOr type) null;
  attrsOf = type: of (types.attrsOf type) { };
  listOf = type: of (types.listOf type) [ ];
  package = of types.package;
  submodule = options: types.submodule { inherit options; };
  # `attrsOf` a submodule with the given options.
  namedBy = module: of (types.attrsOf (types.submodule module)) { };
  # Names as a list, or as a set of Booleans. Its value is a list.
  nameSet = mkOption {
    type = nameSetType;
    default = { };
    apply = set: lib.attrNames (lib.filterAttrs (_: wanted: wanted) set);
  };
  # The same, whose value is a set.
  flagSet = of nameSetType { };
  nameSetType = types.coercedTo (types.listOf types.str) (names: lib.genAttrs names (_: true)) (
    types.attrsOf types.bool
  );
  # Settings in a file format, some of which have options of their own.
  settings =
    format: options:
    mkOption {
      type = types.submodule {
        freeformType = format;
        inherit options;
      };
      default = { };
    };
}
