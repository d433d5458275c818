# The results of requests, and what they have in common told once: see ./evaluate.nix.
#
# In every error's trace, which is why it is a small file: see ./whole.nix.
{
  lib,
  # By index: a configuration's data, or what it differs in from the machine it names as its `base`.
  results,
  machines,
}:

let
  # Only those that a result differs from: they are known to evaluate.
  bases = lib.genAttrs (lib.unique (
    lib.concatMap (result: lib.optional (result ? base) result.base) (lib.attrValues results)
  )) (key: machines.${key});
  first = lib.zipAttrsWith (_: lib.head);
  described =
    let
      packages = (import ./change.nix { inherit lib; config = { }; before = null; }).referred (
        first (
          map (base: base.packages) (lib.attrValues bases)
          ++ map (result: result.packages or { }) (lib.attrValues results)
        )
      );
    in
    {
      inherit packages;
      fragments = lib.listToAttrs (lib.attrValues packages);
    };
in
{
  results = lib.mapAttrs (
    _: result:
    removeAttrs result [
      "packages"
      "fragments"
    ]
  ) results;
  bases = lib.mapAttrs (_: base: base.configuration) bases;
  fragments = first (map (result: result.fragments or { }) (lib.attrValues results) ++ [ described.fragments ]);
  packages = lib.mapAttrs (_: one: one.name) described.packages;
}
