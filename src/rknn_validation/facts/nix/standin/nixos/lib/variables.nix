# The variables of a file, with what comes from profiles. `cfg` is `config.environment`.
{ lib }:
cfg:
let
  ofProfiles =
    suffixes:
    if lib.length suffixes == 1 then
      map (profile: profile + lib.head suffixes) cfg.profiles
    else
      lib.concatMap (profile: map (suffix: profile + suffix) suffixes) cfg.profiles;
in
# A variable's own value comes first, then one entry for each profile.
variables: profileRelative:
lib.zipAttrsWith (_: lib.concatLists) [
  (lib.mapAttrs (_: lib.toList) variables)
  (lib.mapAttrs (_: ofProfiles) profileRelative)
]
