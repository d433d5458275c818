# What must fail, and the wording of its error.
{ lib }:
let
  inherit (lib) mkOption types;
  evaluate = modules: (lib.evalModules { inherit modules; }).config;
  at = file: o: {
    _file = file;
    inherit o;
  };
  merged = type: values: (evaluate ([ { options.o = mkOption { inherit type; }; } ] ++ values)).o;
  wrong = type: value: merged type [ (at "x.nix" value) ];
in
{
  unknown-option = (evaluate [
    { options.a.b = mkOption { }; }
    {
      _file = "x.nix";
      a.c = 5;
    }
  ]).a;
  unknown-option-far = (evaluate [
    { options.a.b = mkOption { }; }
    {
      _file = "x.nix";
      zzz.yyy.xxx = "text";
    }
  ]).a;
  unknown-option-several-near = (evaluate [
    {
      options.a.enable = mkOption { };
      options.a.enabled = mkOption { };
      options.a.group = mkOption { };
      options.a.mode = mkOption { };
    }
    {
      _file = "x.nix";
      a.enabel = true;
    }
  ]).a;
  unknown-in-submodule = wrong (types.submodule { options.a = mkOption { default = 1; }; }) { b = 2; };
  unknown-in-attrs-of-submodule = (wrong (types.attrsOf (types.submodule { options.a = mkOption { default = 1; }; })) { n.b = 2; }).n.a;
  options-in-config = evaluate [
    {
      _file = "x.nix";
      config.o = mkOption { };
    }
  ];
  type-int = wrong types.int "s";
  type-bool = wrong types.bool "yes";
  type-str = wrong types.str 5;
  type-list = wrong (types.listOf types.str) "s";
  type-list-element = wrong (types.listOf types.str) [ 5 ];
  type-attrs-element = wrong (types.attrsOf types.int) { a = "s"; };
  type-enum = wrong (types.enum [
    "vendor"
    "mainline"
  ]) "vendr";
  type-path = wrong types.path "relative";
  type-port = wrong types.port 70000;
  type-package = wrong types.package "hello";
  type-null-or = wrong (types.nullOr types.int) "s";
  type-either = wrong (types.either types.int types.bool) "s";
  type-matching = wrong (types.strMatching "0[0-7]{3}") "rw";
  type-lines = wrong types.lines [ "a" ];
  type-submodule = wrong (types.submodule { }) 5;
  type-positive = wrong types.ints.positive 0;
  conflict-int = merged types.int [
    (at "x.nix" 1)
    (at "y.nix" 2)
  ];
  conflict-str = merged types.str [
    (at "x.nix" "a")
    (at "y.nix" "b")
  ];
  conflict-bool = merged types.bool [
    (at "x.nix" true)
    (at "y.nix" false)
  ];
  conflict-path = merged types.path [
    (at "x.nix" "/a")
    (at "y.nix" "/b")
  ];
  conflict-package = merged types.raw [
    (at "x.nix" 1)
    (at "y.nix" 2)
  ];
  conflict-unique = merged (types.uniq types.str) [
    (at "x.nix" "a")
    (at "y.nix" "b")
  ];
  conflict-null = merged (types.nullOr types.str) [
    (at "x.nix" null)
    (at "y.nix" "b")
  ];
  conflict-either = merged (types.either (types.listOf types.str) types.str) [
    (at "x.nix" [ "a" ])
    (at "y.nix" "b")
  ];
  conflict-anything = merged types.anything [
    (at "x.nix" 1)
    (at "y.nix" "b")
  ];
  conflict-unspecified = merged types.unspecified [
    (at "x.nix" 1)
    (at "y.nix" "b")
  ];
  not-defined = (evaluate [ { options.o = mkOption { type = types.int; }; } ]).o;
  not-defined-in-submodule = (wrong (types.submodule { options.a = mkOption { type = types.int; }; }) { }).a;
  read-only = (evaluate [
    {
      options.o = mkOption {
        readOnly = true;
        default = 1;
        type = types.int;
      };
    }
    (at "x.nix" 2)
  ]).o;
  declared-twice = (evaluate [
    {
      _file = "x.nix";
      options.o = mkOption { default = 1; };
    }
    {
      _file = "y.nix";
      options.o = mkOption { default = 2; };
    }
  ]).o;
  declared-with-different-types = (evaluate [
    {
      _file = "x.nix";
      options.o = mkOption { type = types.int; };
    }
    {
      _file = "y.nix";
      options.o = mkOption { type = types.str; };
    }
  ]).o;
  option-below-option = (evaluate [
    {
      _file = "x.nix";
      options.o = mkOption { type = types.int; };
    }
    {
      _file = "y.nix";
      options.o.inner = mkOption { };
    }
  ]).o;
  value-instead-of-set = evaluate [
    { options.a.b = mkOption { default = 1; }; }
    {
      _file = "x.nix";
      a = 5;
    }
  ];
  declaration-is-no-set = evaluate [ { options.a = 5; } ];
  type-as-declaration = evaluate [
    {
      _file = "x.nix";
      options.a = types.int;
    }
  ];
  unsupported-attribute = evaluate [
    {
      key = "x";
      options = { };
      services = { };
    }
  ];
  no-module = evaluate [ 5 ];
  nested-imports = evaluate [
    {
      _file = "x.nix";
      imports = [ [ { } ] ];
    }
  ];
  wrong-class = lib.evalModules {
    class = "nixos";
    modules = [
      {
        _file = "x.nix";
        _class = "darwin";
      }
    ];
  };
  missing-argument = (evaluate [
    { options.o = mkOption { }; }
    ({ nowhere, ... }: { o = nowhere; })
  ]).o;
  mkif-without-condition = merged types.int [ (at "x.nix" (lib.mkIf "yes" 1)) ];
  mkassert = merged types.int [ (at "x.nix" (lib.mkAssert false "broken" 1)) ];
  removed-option-read = (evaluate [
    { options.assertions = mkOption { type = types.unspecified; }; }
    (lib.mkRemovedOptionModule [ "gone" ] "Use new.")
  ]).gone;
  assert-msg = lib.assertMsg false "the message";
  assert-one-of = lib.assertOneOf "x" 3 [
    1
    2
  ];
  throw-if = lib.throwIf true "the message" 1;
  to-int = lib.toInt "4.5";
  to-int-octal = lib.toInt "007";
  get-attr-from-path = lib.getAttrFromPath [ "a" "b" ] { a = { }; };
  last-of-nothing = lib.last [ ];
  fixed-width = lib.fixedWidthString 2 "0" "abc";
  get-exe-of-string = lib.getExe' "hello" "x";
  package-option-missing = (lib.mkPackageOption { } "nope" { }).default;
  call-package-missing = lib.callPackageWith { } ({ librknnrt }: librknnrt) { };
  literal-expression = lib.literalExpression 5;
  disabled-without-key = evaluate [
    {
      _file = "x.nix";
      disabledModules = [ { } ];
    }
  ];
  one-of-nothing = (types.oneOf [ ]).description;
  shell-var = lib.toShellVar "1a" "b";
  tagged-union = (wrong (types.attrTag { a = mkOption { }; }) { b = 1; });
}
