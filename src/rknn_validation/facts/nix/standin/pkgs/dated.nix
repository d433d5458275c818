# Which kernels nixpkgs had when it was as old as the one that a flake's lock file names: data/kernels.json tells of one
# nixpkgs alone, and what `linuxPackages_latest` is tells whether the NPU has a driver.
{ lib }:
let
  recorded = lib.importJSON ./data/kernels.json;
  # Kernels that come after the recorded ones, as their names tell: `linux_7_4` is 7.4.
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
  # A week until a kernel is in nixpkgs; two months after its successor it is gone.
  out = lib.filter (version: recorded.released.${version} + 7 * days < told.lastModified) versions;
  newest = lib.last out;
  successor = version: lib.findFirst (other: lib.versionOlder version other) null versions;
  isGone =
    version:
    successor version != null && recorded.released.${successor version} + 60 * days < told.lastModified;
  back = lib.filter (name: lib.any (version: nameOf version == name && !isGone version) versions) recorded.removed;
  versionOf = name: lib.findFirst (version: nameOf version == name) "" versions;
  isOlder = files != [ ] && out != [ ] && newest != lib.last versions;
  # What a release began with it keeps; of unstable, only what had not come out yet is known not to be the default.
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
