# A value as data: functions, derivations and package sets have no JSON of their own, and are replaced by text.
{
  lib,
  derivation,
  packageSet,
}:
let
  plain =
    value:
    if lib.isDerivation value then
      derivation value
    else if lib.isFunction value then
      "«function»"
    # A package set leads to itself: it would never end.
    else if lib.isAttrs value && (value ? callPackage || value._type or null == "pkgs") then
      packageSet value
    else if lib.isAttrs value then
      lib.mapAttrs (_: plain) value
    else if lib.isList value then
      map plain value
    else if builtins.isPath value then
      toString value
    else if lib.isString value then
      builtins.unsafeDiscardStringContext value
    else
      value;
in
plain
