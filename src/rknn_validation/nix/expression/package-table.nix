# Packages and all they are composed of, described once each. See ./package.nix, which gives it what a package is.
{
  lib,
  describe,
  isStub,
  key,
  known,
  membersOf,
  others,
  quietly,
}:

{
  # The given packages and all they are composed of, by key.
  # What they are composed of included: { key, drv } of each.
  all =
    packages:
    let
      entry = drv: {
        key = key drv;
        inherit drv;
      };
    in
    builtins.genericClosure {
      startSet = map entry packages;
      # Never evaluated deeply: a package leads to the whole package set.
      operator =
        found: if quietly 0 (lib.length (membersOf found.drv)) == 0 then [ ] else map entry (membersOf found.drv);
    };
  # Descriptions by key, of those that no other system has.
  table =
    found:
    let
      isOthers = one: others ? ${known one.drv} && others.${known one.drv}.key == one.key;
    in
    lib.listToAttrs (
      map (one: lib.nameValuePair one.key (describe one.drv)) (
        if others == { } then found else lib.filter (one: !isOthers one) found
      )
    );
  # The same by store path, for another system's `others`.
  byPath =
    found:
    lib.listToAttrs (
      map (one: lib.nameValuePair (known one.drv) one) (
        lib.filter (one: lib.isAttrs one.drv && !isStub one.drv) found
      )
    );
}
