# The results of requests, and the packages they name, each described once: see ./evaluate.nix.
#
# Every error's trace leads through this file, so it is small: see ./whole.nix.
{ lib, results }:
{
  results = lib.mapAttrs (_: result: removeAttrs result [ "packages" ]) results;
  packages = lib.zipAttrsWith (_: lib.head) (
    map (result: result.packages or { }) (lib.attrValues results)
  );
}
