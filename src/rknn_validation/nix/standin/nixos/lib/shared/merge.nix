# An option of the base machine that a request changes.
{ lib }:
let
  inherit (builtins)
    any
    attrNames
    concatMap
    filter
    head
    intersectAttrs
    length
    map
    removeAttrs
    ;
  inherit (import ./tree.nix { inherit lib; }) discharged;
  isPlain = def: !(def.value ? _type);
in
{
  node,
  # What the request declares and defines here.
  decls,
  found,
  # The latter once conditions are decided.
  requested,
  # Whether it is declared anew, and by which modules.
  redeclared,
  isRedeclared,
  # The base modules that define it anew.
  again,
  declaredAgain,
  definedAgain,
}:
let
  inherit (node) loc;
  # Each module's definitions, in the base's order.
  ofBase =
    if again == [ ] then
      node.defs
    else
      concatMap (key: if lib.elem key again then definedAgain key node.name else node.definedIn.${key}) node.definedBy;
  allDecls =
    decls ++ map (decl: if isRedeclared decl.key then declaredAgain decl.key loc else decl) node.decls;
  option =
    if !redeclared then
      node.option
    else if length allDecls == 1 then
      (head allDecls).once // { inherit loc; }
    else
      lib.mergeOptionDecls loc allDecls;
  inherit (option) type;

  isMixed = node.isMixed || !lib.all (decl: lib.isOption decl.options) allDecls;
  mixed = (lib.mergeNames loc allDecls (found ++ ofBase)).matchedOptions;
  whole = lib.evalOptionValue loc option (found ++ ofBase);

  # Definitions that differ from the base's, and those that are the same.
  anew = lib.genAttrs again (key: discharged (definedAgain key node.name));
  new = requested ++ concatMap (key: anew.${key}) again;
  old = concatMap (key: node.plainIn.${key}) again;
  all = requested ++ concatMap (key: anew.${key} or node.plainIn.${key}) node.definedBy;
  isSimple =
    !redeclared
    && node.isPlain
    && !(option.readOnly or false)
    && lib.all isPlain new
    && all != [ ]
    && lib.all (def: type.check def.value) new;

  result =
    raw:
    {
      value = builtins.addErrorContext "while evaluating the option `${lib.showOption loc}':" (
        if option ? apply then option.apply raw else raw
      );
      isDefined = true;
      highestPrio = lib.defaultOverridePriority;
      definitions = map (def: def.value) all;
      files = map (def: def.file) all;
      definitionsWithLocations = all;
    };

  # Attributes nobody defines anew are the base's.
  changed = lib.foldl' (names: def: names // def.value) { } (old ++ new);
  byName =
    result (
      if changed == { } then
        node.raw
      else
        removeAttrs node.raw (attrNames changed)
        // type.merge loc (
          filter (def: def.value != { }) (
            map (def: {
              inherit (def) file;
              value = intersectAttrs changed def.value;
            }) all
          )
        )
    )
    // {
      inherit changed;
    };

  # A request's entries come before the base's.
  entries = type.merge loc requested;
  inOrder = result (entries ++ node.raw) // {
    added = entries;
  };
  chosen =
    if (type.name == "attrsOf" || node.isOpen) && isSimple then
      byName
    else if type.name == "listOf" && type.getSubModules == null && again == [ ] && isSimple then
      inOrder
    else
      whole;
in
if isMixed then
  mixed
  // {
    changed = null;
    added = null;
  }
else
  # Declared it is whatever its definitions come to.
  option
  // {
    inherit (chosen)
      value
      isDefined
      highestPrio
      definitions
      files
      definitionsWithLocations
      ;
    __toString = _: lib.showOption loc;
    # Which attributes, or how many entries in front, may differ from the base's: null where all may.
    changed = chosen.changed or null;
    added = if option ? apply then null else chosen.added or null;
  }
