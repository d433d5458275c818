# Derivations that are values only.
{ lib }:
{
  lazyDerivation =
    {
      derivation,
      meta ? null,
      passthru ? { },
      outputs ? [ "out" ],
    }:
    let
      checked = derivation;
    in
    {
      type = "derivation";
      inherit (checked)
        drvPath
        outPath
        outputName
        name
        system
        ;
      inherit outputs;
    }
    // lib.genAttrs outputs (output: checked.${output})
    // lib.optionalAttrs (meta != null) { inherit meta; }
    // passthru;
  optionalDrvAttr = condition: value: if condition then value else null;
  warnOnInstantiate =
    message: drv:
    let
      warned = lib.mapAttrs (name: lib.warn message) {
        inherit (drv) drvPath outPath;
      };
    in
    drv // warned;
}
