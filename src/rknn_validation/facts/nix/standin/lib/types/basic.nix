# Types of single values.
{ lib }:
let
  inherit (lib.types) mkOptionType;
  inherit (lib)
    mergeEqualOption
    mergeOneOption
    ;
  describe = name: description: class: check: merge: mkOptionType {
    inherit
      name
      description
      check
      merge
      ;
    descriptionClass = class;
  };
  noun = name: description: check: describe name description "noun" check mergeEqualOption;
  between =
    what: low: high:
    assert lib.assertMsg (low <= high) "${what}.between: lowest must be smaller than highest";
    {
      inherit low high;
    };
  sized =
    name: bits: low: high:
    (intBetween low high)
    // {
      inherit name;
      description = "${toString bits} bit ${if low < 0 then "signed" else "unsigned"} integer; between ${toString low} and ${toString high} (both inclusive)";
    };
  int = noun "int" "signed integer" lib.isInt;
  intBetween =
    low: high:
    lib.types.addCheck int (value: value >= low && value <= high)
    // {
      name = "intBetween";
      description = "integer between ${toString low} and ${toString high} (both inclusive)";
      functor = lib.types.defaultFunctor "intBetween" // {
        type = { low, high }: intBetween low high;
        payload = (between "ints" low high);
        binOp = a: b: if a == b then a else null;
      };
    };
  isPathLike = value: lib.isStringLike value && builtins.substring 0 1 (toString value) == "/";
in
rec {
  raw = describe "raw" "raw value" "noun" (_: true) mergeOneOption;
  unspecified = mkOptionType {
    name = "unspecified";
    description = "unspecified value";
    descriptionClass = "noun";
  };
  anything = mkOptionType {
    name = "anything";
    description = "anything";
    descriptionClass = "noun";
    merge =
      loc: defs:
      let
        kind =
          value:
          if builtins.isAttrs value && lib.isStringLike value then "stringCoercibleSet" else builtins.typeOf value;
        common = lib.foldl' (
          type: def:
          if kind def.value == type then
            type
          else
            throw "The option `${lib.showOption loc}' has conflicting option types in ${lib.showFiles (lib.getFiles defs)}"
        ) (kind (lib.head defs).value) defs;
        functions = lib.last defs;
        mergers = {
          set = (lib.types.attrsOf anything).merge;
          list = if lib.length defs > 1 then lib.mergeEqualOption else _: defs: (lib.head defs).value;
          stringCoercibleSet = mergeOneOption;
          lambda =
            loc: defs: argument:
            anything.merge (loc ++ [ "<function body>" ]) (
              map (def: {
                inherit (def) file;
                value = def.value argument;
              }) defs
            );
        };
      in
      (mergers.${common} or mergeEqualOption) loc defs;
  };
  bool = noun "bool" "boolean" lib.isBool;
  boolByOr = describe "boolByOr" "boolean (merged using or)" "noun" lib.isBool (
    _: defs: lib.any (def: def.value) defs
  );
  inherit int;
  ints = {
    between = intBetween;
    unsigned = lib.types.addCheck int (value: value >= 0) // {
      name = "unsignedInt";
      description = "unsigned integer, meaning >=0";
      descriptionClass = "nonRestrictiveClause";
    };
    positive = lib.types.addCheck int (value: value > 0) // {
      name = "positiveInt";
      description = "positive integer, meaning >0";
      descriptionClass = "nonRestrictiveClause";
    };
    u8 = sized "unsignedInt8" 8 0 255;
    u16 = sized "unsignedInt16" 16 0 65535;
    u32 = sized "unsignedInt32" 32 0 4294967295;
    s8 = sized "signedInt8" 8 (-128) 127;
    s16 = sized "signedInt16" 16 (-32768) 32767;
    s32 = sized "signedInt32" 32 (-2147483648) 2147483647;
  };
  port = ints.u16;
  float = noun "float" "floating point number" lib.isFloat;
  number = lib.types.either int float;
  numbers = {
    between =
      low: high:
      lib.types.addCheck number (value: value >= low && value <= high)
      // {
        name = "numberBetween";
        description = "integer or floating point number between ${builtins.toJSON low} and ${builtins.toJSON high} (both inclusive)";
      };
    nonnegative = lib.types.addCheck number (value: value >= 0) // {
      name = "numberNonnegative";
      description = "nonnegative integer or floating point number, meaning >=0";
    };
    positive = lib.types.addCheck number (value: value > 0) // {
      name = "numberPositive";
      description = "positive integer or floating point number, meaning >0";
    };
  };
  str = noun "str" "string" lib.isString;
  string = str // {
    name = "string";
    deprecationMessage = "See https://github.com/NixOS/nixpkgs/pull/66346 for better alternative types.";
  };
  nonEmptyStr = noun "nonEmptyStr" "non-empty string" (
    value: lib.isString value && builtins.match "[ \t\n]*" value == null
  );
  singleLineStr = strMatching "[^\n\r]*\n?" // {
    name = "singleLineStr";
    description = "(optionally newline-terminated) single-line string";
    descriptionClass = "noun";
    merge = loc: defs: lib.removeSuffix "\n" (mergeEqualOption loc defs);
  };
  strMatching =
    pattern:
    noun "strMatching ${lib.escapeNixString pattern}" "string matching the pattern ${pattern}" (
      value: lib.isString value && builtins.match pattern value != null
    )
    // {
      functor = lib.types.defaultFunctor "strMatching" // {
        type = payload: strMatching payload.pattern;
        payload = { inherit pattern; };
        binOp = a: b: if a == b then a else null;
      };
    };
  separatedString =
    separator:
    mkOptionType rec {
      name = "separatedString";
      description = if separator == "" then "Concatenated string" else "strings concatenated with ${builtins.toJSON separator}";
      descriptionClass = "noun";
      check = lib.isString;
      merge = _: defs: lib.concatStringsSep separator (lib.getValues defs);
      functor = lib.types.defaultFunctor name // {
        type = payload: separatedString payload.sep;
        payload.sep = separator;
        binOp = a: b: if a.sep == b.sep then { inherit (a) sep; } else null;
      };
    };
  lines = separatedString "\n";
  commas = separatedString ",";
  envVar = separatedString ":";
  passwdEntry =
    type:
    lib.types.addCheck type (value: builtins.match ".*[:\n].*" value == null)
    // {
      name = "passwdEntry ${type.name}";
      description = "${lib.types.optionDescriptionPhrase (class: class == "noun") type}, not containing newlines or colons";
      descriptionClass = "nonRestrictiveClause";
    };
  luaInline = describe "luaInline" "inline lua" "noun" (value: value._type or null == "lua-inline") lib.mergeOneOption;
  # The types of JSON.
  json =
    let
      value =
        lib.types.nullOr (
          lib.types.oneOf [
            bool
            int
            float
            str
            path
            (lib.types.attrsOf value)
            (lib.types.listOf value)
          ]
        )
        // {
          description = "JSON value";
          emptyValue.value = { };
        };
    in
    value;
  toml = json // {
    description = "TOML value";
  };
  serializableValueWith = _: json;
  attrs = describe "attrs" "attribute set" "noun" lib.isAttrs (
    _: lib.foldl' (all: def: all // def.value) { }
  ) // { emptyValue.value = { }; };
  package = describe "package" "package" "noun" (value: lib.isDerivation value || lib.isStorePath value) (
    loc: defs:
    let
      value = mergeOneOption loc defs;
    in
    if builtins.isPath value || (lib.isString value && !builtins.hasContext value) then
      lib.toDerivation value
    else
      value
  );
  shellPackage = package // {
    check = value: lib.isDerivation value && value ? shellPath;
  };
  pkgs =
    lib.types.addCheck (
      unspecified
      // {
        name = "pkgs";
        description = "Nixpkgs package set";
        descriptionClass = "noun";
        merge = mergeOneOption;
      }
    ) (value: value._type or null == "pkgs" || value ? pkgs);
  path = pathWith { absolute = true; };
  pathInStore = pathWith { inStore = true; };
  externalPath = pathWith {
    absolute = true;
    inStore = false;
  };
  pathWith =
    {
      inStore ? null,
      absolute ? null,
    }@wanted:
    lib.throwIf (inStore != null && absolute != null && inStore && !absolute) "In pathWith, inStore means the path must be absolute" (
      mkOptionType {
        name = "path";
        description = "${if absolute == null then "" else if absolute then "absolute " else "relative "}path${
          if inStore == null then "" else if inStore then " in the Nix store" else " not in the Nix store"
        }";
        descriptionClass = "noun";
        merge = mergeEqualOption;
        functor = lib.types.defaultFunctor "path" // {
          type = pathWith;
          payload = { inherit inStore absolute; };
          binOp = a: b: if a == b then a else null;
        };
        check =
          value:
          let
            isAbsolute = isPathLike value;
            isInStore =
              builtins.match "${lib.escapeRegex builtins.storeDir}/[0123456789abcdfghijklmnpqrsvwxyz]{32}-.+" (
                builtins.unsafeDiscardStringContext (toString value)
              ) != null;
          in
          lib.isStringLike value
          && (inStore == null || inStore == isInStore)
          && (absolute == null || absolute == isAbsolute)
          && (inStore != true || isAbsolute);
      }
    );
  fileset = describe "fileset" "fileset" "noun" (value: builtins.isPath value || lib.fileset.isFileset value) (
    _: defs: lib.fileset.unions (map (def: def.value) defs)
  );
  enum =
    values:
    let
      show =
        value:
        if lib.isString value then
          "\"${value}\""
        else if lib.isInt value then
          toString value
        else if lib.isBool value then
          lib.boolToString value
        else
          "<${builtins.typeOf value}>";
    in
    mkOptionType rec {
      name = "enum";
      description =
        if values == [ ] then
          "impossible (empty enum)"
        else if lib.length values == 1 then
          "value ${show (lib.head values)} (singular enum)"
        else
          "one of ${lib.concatMapStringsSep ", " show values}";
      descriptionClass = if lib.length values < 2 then "noun" else "conjunction";
      check = value: lib.elem value values;
      merge = mergeEqualOption;
      functor = lib.types.defaultFunctor name // {
        type = payload: enum payload.values;
        payload = { inherit values; };
        binOp = a: b: { values = lib.unique (a.values ++ b.values); };
      };
    };
}
