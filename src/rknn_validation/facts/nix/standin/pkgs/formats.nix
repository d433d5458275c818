# pkgs.formats: settings as attribute sets, generated into files.
{ lib, final }:
let
  inherit (lib) types;
  valueType =
    name: atoms:
    let
      value = types.nullOr (types.oneOf (atoms ++ [ (types.attrsOf value) (types.listOf value) ])) // {
        description = "${name} value";
      };
    in
    value;
  scalars = [
    types.bool
    types.int
    types.float
    types.str
    types.path
  ];
  text = generate: {
    generate = name: value: final.writeText name (generate value);
  };
in
{
  json = _: { type = valueType "JSON" scalars; } // text builtins.toJSON;
  yaml = _: { type = valueType "YAML 1.1" scalars; } // text builtins.toJSON;
  yaml_1_1 = _: { type = valueType "YAML 1.1" scalars; } // text builtins.toJSON;
  yaml_1_2 = _: { type = valueType "YAML 1.2" scalars; } // text builtins.toJSON;
  toml = _: { type = valueType "TOML" scalars; } // text builtins.toJSON;
  ini =
    {
      listsAsDuplicateKeys ? false,
      ...
    }@args:
    let
      atom =
        types.nullOr (
          types.oneOf [
            types.bool
            types.int
            types.float
            types.str
          ]
        )
        // {
          description = "INI atom (null, bool, int, float or string)";
        };
      value = if listsAsDuplicateKeys then types.either atom (types.listOf atom) else atom;
    in
    {
      type = types.attrsOf (types.attrsOf value);
      lib.types.atom = atom;
    }
    // text (lib.generators.toINI (removeAttrs args [ "listToValue" "atomsCoercedToLists" ]));
  systemd = {
    type = types.attrsOf (types.attrsOf (valueType "systemd" scalars));
  }
  // text lib.generators.toSystemdUnit;
  keyValue = args: {
    type = types.attrsOf (types.nullOr (types.oneOf [ types.bool types.int types.float types.str (types.listOf types.str) ]));
  }
  // text (lib.generators.toKeyValue (removeAttrs args [ "listToValue" ]));
  gitIni = _: { type = types.attrsOf (types.attrsOf types.anything); } // text lib.generators.toGitINI;
  elixirConf = _: { type = types.attrsOf types.anything; } // text builtins.toJSON;
  lua = _: { type = types.attrsOf types.anything; } // text (lib.generators.toLua { });
  pythonVars = _: { type = types.attrsOf types.anything; } // text builtins.toJSON;
  xml = _: { type = types.attrsOf types.anything; } // text builtins.toJSON;
  hocon = _: { type = types.attrsOf types.anything; } // text builtins.toJSON;
}
