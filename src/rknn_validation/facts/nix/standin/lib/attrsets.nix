# Attribute sets: reading, building, mapping. See attrsets-more.nix for the rest.
{ lib }:
let
  inherit (builtins)
    attrNames
    attrValues
    concatLists
    concatMap
    elemAt
    filter
    foldl'
    head
    isAttrs
    length
    listToAttrs
    mapAttrs
    zipAttrsWith
    ;
in
rec {
  inherit (builtins)
    attrNames
    attrValues
    catAttrs
    getAttr
    hasAttr
    intersectAttrs
    isAttrs
    listToAttrs
    mapAttrs
    removeAttrs
    unsafeGetAttrPos
    zipAttrsWith
    ;
  nameValuePair = name: value: { inherit name value; };
  attrByPath =
    path: default: set:
    let
      count = length path;
      go =
        index: value:
        if index == count then
          value
        else if isAttrs value && value ? ${elemAt path index} then
          go (index + 1) value.${elemAt path index}
        else
          default;
    in
    go 0 set;
  hasAttrByPath =
    path: set:
    let
      count = length path;
      go =
        index: value:
        index == count
        || (isAttrs value && value ? ${elemAt path index} && go (index + 1) value.${elemAt path index});
    in
    go 0 set;
  longestValidPathPrefix =
    path: set:
    let
      count = length path;
      go =
        index: value:
        if index == count || !(isAttrs value && value ? ${elemAt path index}) then
          lib.take index path
        else
          go (index + 1) value.${elemAt path index};
    in
    go 0 set;
  setAttrByPath =
    path: value:
    let
      count = length path;
      go = index: if index == count then value else { ${elemAt path index} = go (index + 1); };
    in
    go 0;
  getAttrFromPath =
    path: attrByPath path (abort ("cannot find attribute '" + builtins.concatStringsSep "." path + "'"));
  concatMapAttrs = f: set: foldl' (all: one: all // one) { } (attrValues (mapAttrs f set));
  attrVals = names: set: map (name: set.${name}) names;
  getAttrs = names: set: lib.genAttrs names (name: set.${name});
  genAttrs =
    names: f:
    listToAttrs (
      map (name: {
        inherit name;
        value = f name;
      }) names
    );
  genAttrs' = list: f: listToAttrs (map f list);
  filterAttrs = predicate: set: removeAttrs set (filter (name: !predicate name set.${name}) (attrNames set));
  filterAttrsRecursive =
    predicate: set:
    mapAttrs (_: value: if isAttrs value then filterAttrsRecursive predicate value else value) (
      filterAttrs predicate set
    );
  foldlAttrs =
    f: start: set:
    foldl' (acc: name: f acc name set.${name}) start (attrNames set);
  foldAttrs =
    op: start: sets:
    mapAttrs (_: lib.foldr op start) (zipAttrsWith (_: values: values) sets);
  collect =
    predicate: set:
    if predicate set then
      [ set ]
    else if isAttrs set then
      concatMap (collect predicate) (attrValues set)
    else
      [ ];
  cartesianProduct =
    sets:
    foldl' (rows: name: concatMap (row: map (value: row // { ${name} = value; }) sets.${name}) rows) [
      { }
    ] (attrNames sets);
  mapCartesianProduct = f: sets: map f (cartesianProduct sets);
  mapAttrs' = f: set: listToAttrs (mapAttrsToList f set);
  mapAttrsToList = f: set: attrValues (mapAttrs f set);
  attrsToList = mapAttrsToList nameValuePair;
  mapAttrsRecursive = mapAttrsRecursiveCond (_: true);
  mapAttrsRecursiveCond =
    descend: f: set:
    let
      go =
        path:
        mapAttrs (
          name: value:
          let
            here = path ++ [ name ];
          in
          if isAttrs value && descend value then go here value else f here value
        );
    in
    go [ ] set;
  mapAttrsToListRecursive = mapAttrsToListRecursiveCond (_: _: true);
  mapAttrsToListRecursiveCond =
    descend: f: set:
    let
      go =
        path: value:
        if isAttrs value && descend path value then
          concatLists (mapAttrsToList (name: go (path ++ [ name ])) value)
        else
          [ (f path value) ];
    in
    go [ ] set;
  zipAttrsWithNames =
    names: f: sets:
    lib.genAttrs names (name: f name (builtins.catAttrs name sets));
  zipAttrs = zipAttrsWith (_: values: values);
  mergeAttrsList = foldl' (all: one: all // one) { };
  isDerivation = value: value.type or null == "derivation";
  toDerivation =
    path:
    let
      path' = builtins.storePath path;
      name = lib.sanitizeDerivationName (builtins.substring 33 (-1) (baseNameOf path'));
      self = {
        type = "derivation";
        inherit name;
        outPath = path';
        outputs = [ "out" ];
        out = self;
        outputName = "out";
      };
    in
    self;
  optionalAttrs = condition: set: if condition then set else { };
  recurseIntoAttrs = set: set // { recurseForDerivations = true; };
  dontRecurseIntoAttrs = set: set // { recurseForDerivations = false; };
  recursiveUpdateUntil =
    stop: left: right:
    let
      go =
        path:
        zipAttrsWith (
          name: values:
          let
            here = path ++ [ name ];
          in
          if length values == 1 || stop here (elemAt values 1) (head values) then
            head values
          else
            go here values
        );
    in
    go [ ] [
      right
      left
    ];
  recursiveUpdate = recursiveUpdateUntil (_: left: right: !(isAttrs left && isAttrs right));
  matchAttrs =
    pattern: set:
    builtins.all (
      name:
      set ? ${name}
      && (
        let
          wanted = pattern.${name};
          found = set.${name};
        in
        if isAttrs wanted then isAttrs found && matchAttrs wanted found else wanted == found
      )
    ) (attrNames pattern);
  overrideExisting = old: new: mapAttrs (name: value: new.${name} or value) old;
}
