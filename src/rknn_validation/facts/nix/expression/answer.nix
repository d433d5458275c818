# The results of requests, and the packages they name, each described once: see ./evaluate.nix.
#
# In every error's trace, which is why it is a small file: see ./whole.nix.
{ lib, results }:
{
  results = lib.mapAttrs (_: result: removeAttrs result [ "packages" ]) results;
  packages = lib.zipAttrsWith (_: lib.head) (
    map (result: result.packages or { }) (lib.attrValues results)
  );
}
