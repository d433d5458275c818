# Attribute sets: nested updates, outputs of packages, paths shown to people.
{ lib }:
let
  inherit (builtins)
    attrNames
    elemAt
    foldl'
    head
    length
    ;
in
rec {
  updateManyAttrsByPath =
    updates: set:
    let
      # Updates are applied at the deepest position they all share, the earliest given first.
      go =
        depth: hasValue: value: updates:
        let
          split = lib.partition (update: length update.path == depth) updates;
          deeper = lib.groupBy (update: elemAt update.path depth) split.wrong;
          withNested =
            if split.wrong == [ ] then
              { inherit hasValue value; }
            else if !hasValue || builtins.isAttrs value then
              let
                old = if hasValue then value else { };
              in
              {
                hasValue = true;
                value = old // builtins.mapAttrs (name: go (depth + 1) (old ? ${name}) (old.${name} or null)) deeper;
              }
            else
              throw "updateManyAttrsByPath: Path '${
                lib.showAttrPath (lib.take depth (head split.wrong).path)
              }' needs to be updated, but the value is not an attribute set";
        in
        if !withNested.hasValue && split.right == [ ] then
          null
        else
          foldl' (
            current: update:
            update.update (
              if withNested.hasValue || current != null then
                current
              else
                throw "updateManyAttrsByPath: Path '${lib.showAttrPath update.path}' does not exist"
            )
          ) (if withNested.hasValue then withNested.value else null) split.right;
    in
    go 0 true set updates;
  showAttrPath =
    path:
    if path == [ ] then "<root attribute path>" else lib.concatMapStringsSep "." lib.escapeNixIdentifier path;
  getOutput =
    output: package:
    if !(package ? outputSpecified) || !package.outputSpecified then
      package.${output} or package.out or package
    else
      package;
  getFirstOutput =
    candidates: package:
    let
      found = lib.findFirst (name: package ? ${name}) null candidates;
    in
    if package.outputSpecified or false || found == null then package else package.${found};
  getBin = getOutput "bin";
  getLib = getOutput "lib";
  getStatic = getFirstOutput [
    "static"
    "lib"
    "out"
  ];
  getDev = getOutput "dev";
  getInclude = getFirstOutput [
    "include"
    "dev"
    "out"
  ];
  getMan = getOutput "man";
  chooseDevOutputs = map getDev;
  unionOfDisjoint =
    left: right:
    let
      shared = attrNames (builtins.intersectAttrs left right);
    in
    left
    // right
    // lib.genAttrs shared (name: throw "unionOfDisjoint: collision on ${name}; complete list: ${toString shared}");
  cartesianProductOfSets = lib.cartesianProduct;
  zip = lib.zipAttrs;
  zipWithNames = lib.zipAttrsWithNames;
  mapAttrsFlatten = lib.mapAttrsToList;
}
