# Values that an option's type accepts, other than those the option has.
{ lib, pkgs }:

let
  inherit (import ./fits.nix { inherit lib; }) fits nested;
  members =
    type:
    let
      payload = type.functor.payload or null;
    in
    if lib.isList payload then payload else payload.values or [ ];
  # Values of a type that nobody would write. Types may be recursive, as that of JSON is.
  some = at 4;
  at =
    depth: type:
    let
      alike = lib.concatMap (at depth) (lib.attrValues (nested type));
      inner = lib.concatMap (at (depth - 1)) (lib.attrValues (nested type));
    in
    if depth == 0 then
      [ ]
    else
      {
        bool = [
          true
          false
        ];
        enum = members type;
        nullOr = alike ++ [ null ];
        listOf = map lib.singleton inner ++ [ [ ] ];
        attrsOf = map (value: { rknn-one = value; }) inner ++ [ { } ];
        lazyAttrsOf = at depth (type // { name = "attrsOf"; });
        submodule = [
          (filled depth type (one: !(one ? default)))
          (filled depth type (_: true))
        ];
        package = packages;
        derivation = packages;
        either = alike;
        unique = alike;
        coercedTo = alike;
        path = [
          "/rknn-one"
          ./.
        ];
        attrs = [ { rknn-one = "rknn-one"; } ];
        raw = [ "rknn-one" ] ++ packages;
        anything = [
          "rknn-one"
          { rknn-one = "rknn-one"; }
        ];
        unspecified = [ "rknn-one" ];
      }
      .${type.name or ""} or (scalars ++ packages);
  # A submodule with a value for each of its options that is `wanted`.
  filled =
    depth: type: wanted:
    let
      values = one: take (depth - 1) one.type (lib.optional (one ? default) one.default);
      isUsable = name: one: name != "_module" && lib.isOption one && wanted one && !(one.readOnly or false);
      has = one: (builtins.tryEval (values one != [ ])).value;
    in
    lib.mapAttrs (_: one: lib.head (values one)) (
      lib.filterAttrs (name: one: isUsable name one && has one) (type.getSubOptions [ ])
    );
  scalars = [
    "rknn-one"
    "rknn-one\n"
    "7"
    "0640"
    "1.2.3"
    "/rknn-one"
    1
    2
    1025
    0
    0.5
  ];
  packages = [
    pkgs.hello
    pkgs.jq
  ];
  near =
    value:
    if lib.isBool value then
      [ (!value) ]
    else if lib.isInt value then
      [
        (value + 1)
        (value - 1)
      ]
    else if lib.isString value then
      # For a version, one that is newer than all others.
      lib.optional (builtins.match "[0-9]+([.][0-9]+)*" value != null) "999.${value}"
      ++ [
        "${value}-rknn-one"
        "${value}7"
      ]
    else if lib.isDerivation value && value ? overrideAttrs then
      # Another build of the same package, with the attributes that its users need.
      [ (value.overrideAttrs (_: { rknnOne = "1"; })) ]
    else
      [ ];
  others = take 4;
  take =
    depth: type: values:
    let
      isOther = one: lib.all (value: !(same one value)) values && (builtins.tryEval (fits type one)).value;
      found = lib.filter isOther (lib.concatMap near values ++ at depth type);
      first = lib.attrValues (lib.mapAttrs (_: lib.head) (lib.groupBy shape found));
    in
    # One of each shape, empty values last, and then a few more.
    lib.take 6 (lib.sort (one: other: !(isNothing one) && isNothing other) first ++ lib.take 2 found);
  isNothing = one: one == null || one == [ ] || one == { };
  shape =
    one:
    if lib.isDerivation one then
      "package"
    else if lib.isAttrs one && one != { } then
      "set of ${shape (lib.head (lib.attrValues one))}"
    else if lib.isList one && one != [ ] then
      "list of ${shape (lib.head one)}"
    else if isNothing one then
      "nothing"
    else
      builtins.typeOf one;
  same =
    one: other:
    let
      tried = builtins.tryEval (one == other);
    in
    tried.success && tried.value;
in
{
  inherit nested others some;
  # Values of one shape that are not empty.
  several =
    type:
    let
      found = lib.filter (one: !(isNothing one)) (some type);
    in
    lib.filter (one: shape one == shape (lib.head found)) found;
}
