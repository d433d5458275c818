# The variables of a file, with what comes from profiles. `cfg` is `config.environment`.
{ lib }:
cfg:
# A variable's own value comes first, then one entry for each profile.
variables: profileRelative:
lib.zipAttrsWith (_: lib.concatLists) [
  (lib.mapAttrs (_: lib.toList) variables)
  (lib.mapAttrs (
    _: suffixes: lib.concatMap (profile: map (suffix: profile + suffix) suffixes) cfg.profiles
  ) profileRelative)
]
