# Version numbers.
{ lib }:
rec {
  inherit (builtins) compareVersions;
  splitVersion = builtins.splitVersion;
  major = version: builtins.elemAt (splitVersion version) 0;
  minor = version: builtins.elemAt (splitVersion version) 1;
  patch = version: builtins.elemAt (splitVersion version) 2;
  majorMinor = version: lib.concatStringsSep "." (lib.take 2 (splitVersion version));
  pad =
    size: version:
    let
      numbers = lib.versions.splitVersion (lib.head (lib.splitString "-" version));
      suffix = lib.removePrefix (lib.head (lib.splitString "-" version)) version;
    in
    lib.concatStringsSep "." (lib.take size (numbers ++ lib.genList (_: "0") size)) + suffix;
}
