# The module system: order, priority, conditions, submodules, renames.
{ lib }:
let
  inherit (lib) mkOption types;
  evaluate = modules: (lib.evalModules { inherit modules; }).config;
  # One option `o` of a type, defined by each of the given values in a module of its own.
  merged = type: values: (evaluate ([ { options.o = mkOption { inherit type; }; } ] ++ map (o: { inherit o; }) values)).o;
  list = types.listOf types.int;
  declare = type: { options.o = mkOption { inherit type; }; };
in
{
  list-order-of-two = merged list [
    [ 1 ]
    [ 2 ]
  ];
  list-order-breadth-first =
    (evaluate [
      (declare list)
      {
        imports = [
          { o = [ 3 ]; }
          {
            o = [ 4 ];
            imports = [ { o = [ 5 ]; } ];
          }
        ];
        o = [ 1 ];
      }
      {
        imports = [ { o = [ 6 ]; } ];
        o = [ 2 ];
      }
    ]).o;
  list-order-imports-before-importer =
    (evaluate [
      (declare list)
      {
        imports = [
          { o = [ 1 ]; }
          { o = [ 2 ]; }
        ];
        o = [ 3 ];
      }
    ]).o;
  list-order-mkmerge = merged list [
    (lib.mkMerge [
      [ 1 ]
      [ 2 ]
    ])
    [ 3 ]
  ];
  list-order-before-after = merged list [
    (lib.mkAfter [ 1 ])
    [ 2 ]
    (lib.mkBefore [ 3 ])
    [ 4 ]
  ];
  list-order-mkorder = merged list [
    (lib.mkOrder 10 [ 1 ])
    (lib.mkOrder 5 [ 2 ])
    (lib.mkOrder 2000 [ 3 ])
    [ 4 ]
  ];
  list-order-inside-force = merged list [
    (lib.mkForce (lib.mkBefore [ 1 ]))
    (lib.mkForce [ 2 ])
    [ 3 ]
  ];
  lines-order = merged types.lines [
    "a"
    "b"
    (lib.mkBefore "c")
  ];
  lines-order-of-imports =
    (evaluate [
      (declare types.lines)
      {
        imports = [ { o = "inner"; } ];
        o = "outer";
      }
    ]).o;
  attrs-of-lists-order = merged (types.attrsOf list) [
    { a = [ 1 ]; }
    {
      a = [ 2 ];
      b = [ 3 ];
    }
  ];
  mkif-true = merged types.int [ (lib.mkIf true 1) ];
  mkif-false-falls-away = merged types.int [
    (lib.mkIf false 1)
    2
  ];
  mkif-nested = merged types.int [ (lib.mkIf true (lib.mkIf true (lib.mkDefault 3))) ];
  mkif-around-attrs =
    (evaluate [
      { options.a.b = mkOption { default = 0; }; }
      { a = lib.mkIf true { b = 1; }; }
    ]).a.b;
  mkif-around-config =
    (evaluate [
      (declare types.int)
      { config = lib.mkIf true { o = 1; }; }
    ]).o;
  mkif-false-around-config =
    (evaluate [
      { options.o = mkOption { default = 7; }; }
      { config = lib.mkIf false { o = 1; }; }
    ]).o;
  mkif-false-does-not-evaluate =
    (evaluate [
      { options.o = mkOption { default = 7; }; }
      { config = lib.mkIf false { o = throw "no"; }; }
    ]).o;
  mkmerge-around-config =
    (evaluate [
      (declare list)
      {
        config = lib.mkMerge [
          { o = [ 1 ]; }
          (lib.mkIf false { o = [ 2 ]; })
          { o = [ 3 ]; }
        ];
      }
    ]).o;
  priority-force-over-plain = merged types.int [
    1
    (lib.mkForce 2)
  ];
  priority-plain-over-default = merged types.int [
    (lib.mkDefault 1)
    2
  ];
  priority-default-over-option-default =
    (evaluate [
      { options.o = mkOption { default = 1; }; }
      { o = lib.mkDefault 2; }
    ]).o;
  priority-option-default-explicit = merged types.int [
    (lib.mkOptionDefault 1)
    (lib.mkDefault 2)
  ];
  priority-override-numbers = merged types.int [
    (lib.mkOverride 10 1)
    (lib.mkOverride 9 2)
    (lib.mkOverride 11 3)
  ];
  priority-vm-and-image = merged types.int [
    (lib.mkVMOverride 1)
    (lib.mkImageMediaOverride 2)
    (lib.mkForce 3)
  ];
  priority-forced-list-replaces = merged list [
    [ 1 ]
    (lib.mkForce [ 2 ])
    [ 3 ]
  ];
  priority-default-lists-merge = merged list [
    (lib.mkDefault [ 1 ])
    (lib.mkDefault [ 2 ])
  ];
  priority-around-attrs =
    (evaluate [
      {
        options.a.b = mkOption { };
        options.a.c = mkOption { };
      }
      {
        a = lib.mkForce {
          b = 1;
          c = 2;
        };
      }
      { a.b = 3; }
    ]).a;
  priority-inside-attrsof = merged (types.attrsOf types.int) [
    { a = 1; }
    { a = lib.mkForce 2; }
  ];
  attrsof-mkif-entry-vanishes = merged (types.attrsOf types.int) [
    {
      a = lib.mkIf false 1;
      b = 2;
    }
  ];
  lazy-attrsof-keeps-names = lib.attrNames (
    merged (types.lazyAttrsOf types.int) [
      {
        a = lib.mkIf false 1;
        b = 2;
      }
    ]
  );
  default-value = (evaluate [ { options.o = mkOption { default = 5; }; } ]).o;
  default-may-use-config =
    (evaluate [
      (
        { config, ... }:
        {
          options.a = mkOption { default = 1; };
          options.b = mkOption { default = config.a + 1; };
        }
      )
    ]).b;
  apply =
    (evaluate [
      {
        options.o = mkOption {
          type = types.int;
          apply = x: x * 2;
        };
      }
      { o = 21; }
    ]).o;
  apply-on-default =
    (evaluate [
      {
        options.o = mkOption {
          default = 1;
          apply = toString;
        };
      }
    ]).o;
  read-only-with-one-definition =
    (evaluate [
      {
        options.o = mkOption {
          readOnly = true;
          default = 1;
        };
      }
    ]).o;
  module-as-function = (evaluate [ (declare types.int) ({ lib, ... }: { o = lib.max 1 2; }) ]).o;
  module-argument-from-args =
    (evaluate [
      (declare types.int)
      { _module.args.answer = 42; }
      ({ answer, ... }: { o = answer; })
    ]).o;
  module-argument-from-specialargs =
    (lib.evalModules {
      specialArgs.answer = 42;
      modules = [
        (declare types.int)
        (
          { answer, ... }:
          {
            imports = lib.optional (answer == 42) { o = 1; };
          }
        )
      ];
    }).config.o;
  module-argument-at-pattern = (evaluate [ (declare types.int) ({ ... }@args: { o = if args ? lib then 1 else 2; }) ]).o;
  same-key-is-imported-once =
    let
      shared = {
        key = "shared";
        o = [ 1 ];
      };
    in
    (evaluate [
      (declare list)
      { imports = [ shared ]; }
      { imports = [ shared ]; }
    ]).o;
  without-key-is-imported-twice =
    let
      shared.o = [ 1 ];
    in
    (evaluate [
      (declare list)
      { imports = [ shared ]; }
      { imports = [ shared ]; }
    ]).o;
  disabled-by-key =
    (evaluate [
      (declare list)
      {
        key = "gone";
        o = [ 1 ];
      }
      {
        disabledModules = [ { key = "gone"; } ];
        o = [ 2 ];
      }
    ]).o;
  top-level-without-config = (evaluate [ (declare types.int) { o = 1; } ]).o;
  check-off =
    (evaluate [
      { _module.check = false; }
      { nothing.like.this = 1; }
    ]) == { };
  freeform =
    (evaluate [
      {
        freeformType = types.attrsOf types.int;
        options.a = mkOption { default = 1; };
      }
      { b = 2; }
    ]);
  freeform-nested =
    (evaluate [
      {
        freeformType = types.attrsOf (types.attrsOf types.int);
        options.n.a = mkOption { default = 1; };
      }
      {
        n.b = 2;
        m.c = 3;
      }
    ]);
  submodule-name =
    merged (types.attrsOf (types.submodule ({ name, ... }: { options.n = mkOption { default = name; }; }))) [
      { x = { }; }
      { y.n = "z"; }
    ];
  submodule-merges = merged (types.attrsOf (types.submodule { options.l = mkOption { type = list; }; })) [
    { x.l = [ 1 ]; }
    { x.l = [ 2 ]; }
  ];
  submodule-function-definition =
    merged
      (types.submodule {
        options.a = mkOption { default = 1; };
        options.b = mkOption { };
      })
      [ ({ config, ... }: { b = config.a; }) ];
  submodule-own-config-order =
    merged
      (types.submodule {
        options.l = mkOption { type = list; };
        config.l = [ 0 ];
      })
      [
        { l = [ 1 ]; }
        { l = [ 2 ]; }
      ];
  submodule-list =
    map (one: one.n) (
      merged (types.listOf (types.submodule { options.n = mkOption { }; })) [
        [ { n = 1; } ]
        [
          { n = 2; }
          { n = 3; }
        ]
      ]
    );
  submodule-with-shorthand-off =
    merged
      (types.submoduleWith {
        modules = [ { options.a = mkOption { default = 1; }; } ];
        specialArgs.extra = 4;
      })
      [ ({ extra, ... }: { config.a = extra; }) ];
  submodule-freeform = merged (types.submodule { freeformType = types.attrsOf types.str; }) [ { a = "b"; } ];
  submodule-mkif-whole = merged (types.attrsOf (types.submodule { options.n = mkOption { default = 1; }; })) [
    { a = lib.mkIf true { n = 2; }; }
    { b = lib.mkIf false { n = 3; }; }
  ];
  options-in-submodule-from-two-modules =
    (evaluate [
      { options.s = mkOption { type = types.submodule { options.a = mkOption { default = 1; }; }; }; }
      { options.s = mkOption { type = types.submodule { options.b = mkOption { default = 2; }; }; }; }
      { s = { }; }
    ]).s;
  option-set-extends-submodule =
    (evaluate [
      {
        options.s = mkOption {
          type = types.submodule { options.a = mkOption { default = 1; }; };
          default = { };
        };
      }
      { options.s.b = mkOption { default = 2; }; }
    ]).s;
  enum-declared-twice =
    (evaluate [
      (declare (types.enum [ "a" ]))
      (declare (types.enum [ "b" ]))
      { o = "b"; }
    ]).o;
  is-defined =
    let
      system = lib.evalModules {
        modules = [
          {
            options.a = mkOption { type = types.int; };
            options.b = mkOption {
              type = types.int;
              default = 1;
            };
          }
        ];
      };
    in
    [
      system.options.a.isDefined
      system.options.b.isDefined
    ];
  highest-priority =
    let
      system = lib.evalModules {
        modules = [
          {
            options.a = mkOption { default = 1; };
            options.b = mkOption { };
          }
          { b = lib.mkForce 1; }
        ];
      };
    in
    [
      system.options.a.highestPrio
      system.options.b.highestPrio
    ];
  definitions-with-locations =
    let
      system = lib.evalModules {
        modules = [
          (declare list)
          {
            _file = "x.nix";
            o = [ 1 ];
          }
          {
            _file = "y.nix";
            o = lib.mkAfter [ 2 ];
          }
        ];
      };
    in
    map (def: { inherit (def) file value; }) system.options.o.definitionsWithLocations;
  declarations =
    (lib.evalModules {
      modules = [
        {
          _file = "x.nix";
          options.o = mkOption { };
        }
      ];
    }).options.o.declarations;
  option-shows-its-path = "${(lib.evalModules { modules = [ { options.a.b = mkOption { }; } ]; }).options.a.b}";
  rename =
    let
      system = evaluate [
        { options.warnings = mkOption { type = types.listOf types.str; }; }
        { options.new = mkOption { type = types.int; }; }
        (lib.mkRenamedOptionModule [ "old" ] [ "new" ])
        {
          _file = "x.nix";
          old = 5;
        }
      ];
    in
    [
      system.new
      system.warnings
    ];
  rename-keeps-priority =
    (evaluate [
      { options.new = mkOption { type = types.int; }; }
      (lib.mkRenamedOptionModule [ "old" ] [ "new" ])
      { old = lib.mkForce 5; }
      { new = 6; }
    ]).new;
  alias =
    (evaluate [
      { options.new = mkOption { type = list; }; }
      (lib.mkAliasOptionModule [ "old" ] [ "new" ])
      { old = [ 1 ]; }
      { new = [ 2 ]; }
    ]).new;
  alias-reads =
    (evaluate [
      { options.new = mkOption { default = 3; }; }
      (lib.mkAliasOptionModule [ "old" ] [ "new" ])
    ]).old;
  removed-option-asserts =
    map (one: one.assertion)
      (evaluate [
        { options.assertions = mkOption { type = types.listOf types.unspecified; }; }
        (lib.mkRemovedOptionModule [ "gone" ] "Use something else.")
        { gone = 1; }
      ]).assertions;
  extend-modules =
    let
      first = lib.evalModules { modules = [ (declare list) { o = [ 1 ]; } ]; };
    in
    (first.extendModules { modules = [ { o = [ 2 ]; } ]; }).config.o;
  mkalias-definitions =
    (evaluate [
      { options.a = mkOption { type = list; }; }
      ({ options, ... }: {
        options.b = mkOption { type = list; };
        config.b = lib.mkAliasDefinitions options.a;
      })
      { a = [ 1 ]; }
    ]).b;
  derived-config =
    (evaluate [
      (
        { options, ... }:
        {
          options.text = mkOption { type = types.nullOr types.str; };
          options.size = mkOption { type = types.int; };
          config.size = lib.mkDerivedConfig options.text builtins.stringLength;
        }
      )
      { text = lib.mkForce "abc"; }
    ]).size;
  meta-is-an-option =
    (evaluate [
      { options.meta.x = mkOption { default = 0; }; }
      { meta.x = 1; }
      {
        options = { };
        meta.x = lib.mkForce 2;
      }
    ]).meta.x;
  set-default-module-location =
    let
      system = lib.evalModules {
        modules = [
          (declare types.int)
          (lib.setDefaultModuleLocation "elsewhere.nix" { o = 1; })
        ];
      };
    in
    system.options.o.files;
  definition-order-of-unspecified = merged types.unspecified [
    { a = 1; }
    { b = 2; }
  ];
  no-type-merges-strings =
    (evaluate [
      { options.o = mkOption { }; }
      { o = "a"; }
      { o = "b"; }
    ]).o;
  bool-same-twice = merged types.bool [
    true
    true
  ];
  class-same =
    (lib.evalModules {
      class = "nixos";
      modules = [
        (declare types.int)
        {
          _class = "nixos";
          o = 1;
        }
      ];
    }).config.o;
}
