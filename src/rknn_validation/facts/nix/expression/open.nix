# The type of options that a module which is not on this machine may declare. Their real types are unknown, so sets are
# merged by name, lists and lines are joined, and of other values the first is taken.
{ lib }:
let
  inherit (builtins) all isAttrs isList isString;
  isPlain = value: isAttrs value && !(value ? _type) && !(value ? outPath) && !(value ? __functor);
  merge =
    values:
    let
      discharged = lib.concatMap (value: map (value: { inherit value; }) (lib.dischargeProperties value)) values;
      left = map (def: def.value) (lib.sortProperties (lib.filterOverrides discharged));
    in
    if left == [ ] then
      null
    else if all isPlain left then
      builtins.zipAttrsWith (_: merge) left
    else if builtins.length left > 1 && all isList left then
      lib.concatLists left
    else if builtins.length left > 1 && all isString left then
      lib.concatStringsSep "\n" left
    else
      lib.head left;
  whatever =
    lib.mkOptionType {
      name = "whatever";
      check = _: true;
      merge = _: defs: merge (map (def: def.value) defs);
    }
    # Several modules may be missing.
    // {
      typeMerge = _: whatever;
    };
in
lib.types.lazyAttrsOf whatever
