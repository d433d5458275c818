# Values an option of a type would accept, other than those it has.
{ lib, pkgs }:

let
  inherit (import ./fits.nix { inherit lib; }) fits nested;
  members =
    type:
    let
      payload = type.functor.payload or null;
    in
    if lib.isList payload then payload else payload.values or [ ];
  # Any values of the type, unlike those that people write.
  some =
    type:
    {
      bool = [
        true
        false
      ];
      enum = members type;
      nullOr = lib.concatMap some (lib.attrValues (nested type)) ++ [ null ];
      listOf = map lib.singleton (lib.concatMap some (lib.attrValues (nested type))) ++ [ [ ] ];
      attrsOf = map (value: { rknn-one = value; }) (lib.concatMap some (lib.attrValues (nested type))) ++ [ { } ];
      lazyAttrsOf = some (type // { name = "attrsOf"; });
      submodule = [
        (filled type (one: !(one ? default)))
        (filled type (one: true))
      ];
      package = packages;
      derivation = packages;
      either = lib.concatMap some (lib.attrValues (nested type));
      unique = lib.concatMap some (lib.attrValues (nested type));
      coercedTo = lib.concatMap some (lib.attrValues (nested type));
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
  # A submodule with values of their own for those of its options that are `wanted`.
  filled =
    type: wanted:
    lib.mapAttrs (_: one: lib.head (others one.type (lib.optional (one ? default) one.default))) (
      lib.filterAttrs (
        name: one:
        name != "_module" && lib.isOption one && wanted one && !(one.readOnly or false)
        && (builtins.tryEval (others one.type (lib.optional (one ? default) one.default) != [ ])).value
      ) (type.getSubOptions [ ])
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
      [
        "${value}-rknn-one"
        "${value}7"
      ]
    else if lib.isDerivation value && value ? overrideAttrs then
      # Another build of the same, which has what whoever uses it asks it for.
      [ (value.overrideAttrs (_: { rknnOne = "1"; })) ]
    else
      [ ];
  others =
    type: values:
    lib.take 4 (
      lib.filter (one: lib.all (value: !(same one value)) values && (builtins.tryEval (fits type one)).value) (
        lib.concatMap near values ++ some type
      )
    );
  same =
    one: other:
    let
      tried = builtins.tryEval (one == other);
    in
    tried.success && tried.value;
in
{
  inherit nested others some;
}
