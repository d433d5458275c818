# Option types: what they accept, how they merge, their descriptions.
{ lib }:
let
  inherit (lib) mkOption types;
  merged =
    type: values:
    (lib.evalModules {
      modules = [ { options.o = mkOption { inherit type; }; } ] ++ map (o: { inherit o; }) values;
    }).config.o;
  accepts = type: values: map type.check values;
  samples = [
    null
    true
    0
    (-1)
    70000
    1.5
    ""
    "a"
    "a b"
    "/a"
    "a\nb"
    [ ]
    [ 1 ]
    { }
    { a = 1; }
  ];
in
{
  descriptions = lib.mapAttrs (_: type: type.description) {
    inherit (types)
      anything
      attrs
      bool
      boolByOr
      commas
      envVar
      externalPath
      float
      int
      lines
      nonEmptyStr
      number
      package
      path
      pathInStore
      pkgs
      port
      raw
      shellPackage
      singleLineStr
      str
      unspecified
      deferredModule
      optionType
      ;
    u8 = types.ints.u8;
    s16 = types.ints.s16;
    u32 = types.ints.u32;
    unsigned = types.ints.unsigned;
    positive = types.ints.positive;
    between = types.ints.between 1 5;
    number-between = types.numbers.between 0 1;
    matching = types.strMatching "[0-7]+";
    enum = types.enum [
      "a"
      1
      true
    ];
    enum-of-one = types.enum [ "a" ];
    null-or = types.nullOr types.str;
    list = types.listOf types.str;
    list-of-lists = types.listOf (types.listOf types.int);
    list-of-either = types.listOf (types.either types.str types.int);
    non-empty-list = types.nonEmptyListOf types.str;
    attrs-of = types.attrsOf types.str;
    lazy = types.lazyAttrsOf types.str;
    attrs-of-null-or = types.attrsOf (types.nullOr types.str);
    either = types.either types.str types.int;
    one-of = types.oneOf [
      types.str
      types.int
      types.bool
    ];
    coerced = types.coercedTo types.str lib.toInt types.int;
    function = types.functionTo types.int;
    submodule = types.submodule { };
    open-submodule = types.submodule { freeformType = types.attrsOf types.str; };
    unique = types.uniq types.str;
    separated = types.separatedString "-";
    passwd = types.passwdEntry types.str;
    null-or-list-of-either = types.nullOr (types.listOf (types.either types.path types.package));
  };
  names = lib.mapAttrs (_: type: type.name) {
    inherit (types)
      str
      int
      port
      path
      lines
      attrs
      package
      anything
      ;
    list = types.listOf types.str;
    null-or = types.nullOr types.str;
    submodule = types.submodule { };
    attrs-of = types.attrsOf types.int;
    lazy = types.lazyAttrsOf types.int;
    enum = types.enum [ ];
    one-of = types.oneOf [
      types.str
      types.int
    ];
  };
  accepts-anything = accepts types.anything samples;
  accepts-attrs = accepts types.attrs samples;
  accepts-bool = accepts types.bool samples;
  accepts-int = accepts types.int samples;
  accepts-float = accepts types.float samples;
  accepts-number = accepts types.number samples;
  accepts-port = accepts types.port samples;
  accepts-u8 = accepts types.ints.u8 samples;
  accepts-unsigned = accepts types.ints.unsigned samples;
  accepts-positive = accepts types.ints.positive samples;
  accepts-between = accepts (types.ints.between (-1) 0) samples;
  accepts-str = accepts types.str samples;
  accepts-non-empty-str = accepts types.nonEmptyStr samples;
  accepts-single-line = accepts types.singleLineStr samples;
  accepts-lines = accepts types.lines samples;
  accepts-path = accepts types.path samples;
  accepts-external-path = accepts types.externalPath samples;
  accepts-path-in-store = accepts types.pathInStore (samples ++ [ "/nix/store/0123-x" ]);
  accepts-package = accepts types.package (samples ++ [ { type = "derivation"; } ]);
  accepts-list = accepts (types.listOf types.str) samples;
  accepts-non-empty-list = accepts (types.nonEmptyListOf types.str) samples;
  accepts-attrs-of = accepts (types.attrsOf types.str) samples;
  accepts-null-or = accepts (types.nullOr types.bool) samples;
  accepts-either = accepts (types.either types.bool types.int) samples;
  accepts-enum = accepts (types.enum [
    "a"
    0
    null
  ]) samples;
  accepts-matching = accepts (types.strMatching "a.*") samples;
  accepts-function = accepts (types.functionTo types.int) (samples ++ [ (x: x) ]);
  accepts-submodule = accepts (types.submodule { }) (samples ++ [ (x: x) ]);
  accepts-coerced = accepts (types.coercedTo types.int toString types.str) samples;
  accepts-passwd-entry = accepts (types.passwdEntry types.str) [
    "a"
    "a:b"
    "a\nb"
  ];
  accepts-raw = accepts types.raw samples;
  accepts-deferred-module = accepts types.deferredModule samples;
  accepts-string-like = accepts types.path [
    { outPath = "/a"; }
    { __toString = _: "/b"; }
    "relative"
  ];
  merge-str-equal = merged types.str [
    "a"
    "a"
  ];
  merge-lines = merged types.lines [
    "a"
    "b"
  ];
  merge-commas = merged types.commas [
    "a"
    "b"
  ];
  merge-env-var = merged types.envVar [
    "/a"
    "/b"
  ];
  merge-bool-by-or = merged types.boolByOr [
    true
    false
  ];
  merge-attrs = merged types.attrs [
    {
      a = 1;
      b.c = 1;
    }
    { b.d = 2; }
  ];
  merge-anything = merged types.anything [
    {
      a = 1;
      b.c = 1;
    }
    { b.d = 2; }
  ];
  merge-anything-lists = merged types.anything [ { a = [ 1 ]; } ];
  merge-anything-mkif = merged types.anything [
    {
      a = lib.mkIf false 1;
      b = lib.mkForce 2;
    }
    { b = 3; }
  ];
  merge-null-or-all-null = merged (types.nullOr types.str) [
    null
    null
  ];
  merge-either-lists = merged (types.either (types.listOf types.str) types.str) [
    [ "a" ]
    [ "b" ]
  ];
  merge-either-strings = merged (types.either (types.listOf types.str) types.str) [
    "a"
    "a"
  ];
  merge-coerced = merged (types.coercedTo types.str lib.singleton (types.listOf types.str)) [
    "a"
    [
      "b"
      "c"
    ]
  ];
  merge-one-of = merged (types.attrsOf (
    types.oneOf [
      types.int
      (types.listOf types.str)
    ]
  )) [
    {
      a = 1;
      b = [ "x" ];
    }
    { b = [ "y" ]; }
  ];
  merge-function = (merged (types.functionTo (types.listOf types.int)) [
    (x: [ x ])
    (x: [ (x + 1) ])
  ]) 1;
  merge-single-line = merged types.singleLineStr [ "a\n" ];
  merge-separated = merged (types.separatedString "-") [
    "a"
    "b"
  ];
  merge-package-from-path = (merged types.package [ "/nix/store/00000000000000000000000000000000-x" ]).type or "string";
  merge-int-equal = merged types.int [
    1
    1
  ];
  merge-attrs-of-order = lib.attrNames (
    merged (types.attrsOf types.int) [
      { b = 1; }
      { a = 2; }
    ]
  );
  merge-list-of-mkif = merged (types.listOf types.int) [
    [
      (lib.mkIf false 1)
      2
    ]
  ];
  merge-deferred = lib.length (merged types.deferredModule [ { } { } ]).imports;
  merge-add-check = merged (types.addCheck (types.attrsOf types.int) (value: value ? a)) [ { a = 1; } ];
  merge-custom-type = merged (lib.mkOptionType {
    name = "longest";
    check = lib.isString;
    merge =
      _: defs:
      lib.foldl' (best: def: if lib.stringLength def.value > lib.stringLength best then def.value else best) "" defs;
  }) [
    "a"
    "abc"
    "ab"
  ];
  merge-attr-tag =
    merged
      (types.attrTag {
        a = mkOption { type = types.int; };
        b = mkOption { type = types.str; };
      })
      [ { a = 1; } ];
  empty-values = map (type: type.emptyValue.value or "none") [
    (types.listOf types.str)
    (types.attrsOf types.str)
    (types.nullOr types.str)
    types.str
    (types.submodule { })
  ];
  sub-options = lib.attrNames (
    (types.attrsOf (types.submodule { options.a = mkOption { }; })).getSubOptions [ ]
  );
}
