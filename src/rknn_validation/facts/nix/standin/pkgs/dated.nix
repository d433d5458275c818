# The kernels that nixpkgs had at the date of the one that a flake's lock file names. data/kernels.json only has those
# of one date, and whether the NPU has a driver depends on what `linuxPackages_latest` is.
{ lib }:
let
  recorded = lib.importJSON ./data/kernels.json;
  # Kernels later than the recorded ones, with the version in their name: `linux_7_4` is 7.4.
  later = lib.listToAttrs (
    map (version: lib.nameValuePair (nameOf version) version) (
      map (minor: "7.${toString minor}") (lib.range 1 19) ++ map (minor: "8.${toString minor}") (lib.range 0 19)
    )
  );
  nameOf = version: "linux_${lib.replaceStrings [ "." ] [ "_" ] version}";
  # { lastModified, release }, in a file on the search path, under a name nobody else uses.
  files = builtins.filter (one: one.prefix == "rknn-nixpkgs-of") builtins.nixPath;
  told = lib.importJSON (builtins.head files).path;
  days = 24 * 60 * 60;
  versions = lib.sort lib.versionOlder (lib.attrNames recorded.released);
  # A kernel is in nixpkgs a week after its release, and removed two months after that of its successor.
  out = lib.filter (version: recorded.released.${version} + 7 * days < told.lastModified) versions;
  newest = lib.last out;
  successor = version: lib.findFirst (other: lib.versionOlder version other) null versions;
  isGone =
    version:
    successor version != null && recorded.released.${successor version} + 60 * days < told.lastModified;
  back = lib.filter (name: lib.any (version: nameOf version == name && !isGone version) versions) recorded.removed;
  versionOf = name: lib.findFirst (version: nameOf version == name) "" versions;
  isOlder = files != [ ] && out != [ ] && newest != lib.last versions;
  # A release keeps its default. For unstable, it is the last one that was old enough.
  default =
    recorded.defaults.${told.release} or (
      lib.last (
        [ "6.1" ]
        ++ lib.filter (
          version:
          recorded.kernels ? ${nameOf version} && recorded.released.${version} + 40 * days < told.lastModified
        ) versions
      )
    );
in
recorded
// {
  kernels = later // recorded.kernels;
}
// lib.optionalAttrs isOlder {
  kernels =
    later
    // recorded.kernels
    // lib.genAttrs back versionOf
    // {
      ${nameOf newest} = recorded.kernels.${nameOf newest} or newest;
    };
  removed = lib.subtractLists (back ++ [ (nameOf newest) ]) recorded.removed;
  latest = nameOf newest;
  default = nameOf default;
}
