# Properties of definitions: conditions, merges, priorities, order.
{ lib }:
let
  inherit (builtins)
    any
    concatMap
    filter
    foldl'
    isAttrs
    isBool
    map
    mapAttrs
    sort
    ;
  opaque = import ../../opaque.nix;
  typeOf = value: value._type or "";
in
rec {
  mkIf = condition: content: {
    _type = "if";
    inherit condition content;
  };
  mkAssert =
    holds: message:
    mkIf (if holds then true else throw "\nFailed assertion: ${message}");
  mkMerge = contents: {
    _type = "merge";
    inherit contents;
  };
  mkOverride = priority: content: {
    _type = "override";
    inherit priority content;
  };
  mkOptionDefault = mkOverride 1500;
  mkDefault = mkOverride 1000;
  mkImageMediaOverride = mkOverride 60;
  mkForce = mkOverride 50;
  mkVMOverride = mkOverride 10;
  mkFixStrictness = lib.id;
  mkOrder = priority: content: {
    _type = "order";
    inherit priority content;
  };
  mkBefore = mkOrder 500;
  mkAfter = mkOrder 1500;
  defaultOrderPriority = 1000;
  defaultOverridePriority = 100;
  defaultPriority = 100;
  mkDefinition = args: args // { _type = "definition"; };
  mkAliasDefinitions = mkAliasAndWrapDefinitions lib.id;
  mkAliasAndWrapDefinitions = wrap: option: mkAliasIfDef option (wrap (mkMerge option.definitions));
  mkAliasAndWrapDefsWithPriority =
    wrap: option:
    let
      priority = option.highestPrio or defaultOverridePriority;
    in
    mkAliasIfDef option (wrap (mkMerge (map (mkOverride priority) option.definitions)));
  mkAliasIfDef = option: mkIf (isAttrs option && option.isDefined);
  mkDerivedConfig =
    option: f:
    mkIf (option.isDefined or false) (mkOverride option.highestPrio (f option.value));
  fixMergeModules =
    modules: args:
    lib.fix (config: (lib.evalModules { inherit modules; specialArgs = args // { inherit config; }; }).config);

  # Conditions and merges of a whole attribute set are pushed down to its parts.
  pushDownProperties =
    value:
    # Most definitions have no properties.
    if !(value ? _type) then
      [ value ]
    else if value._type == "merge" then
      concatMap pushDownProperties value.contents
    else if value._type == "if" then
      map (mapAttrs (_: mkIf value.condition)) (pushDownProperties value.content)
    else if value._type == "override" then
      map (mapAttrs (_: mkOverride value.priority)) (pushDownProperties value.content)
    else if value._type == "opaque" then
      [ ]
    else
      [ value ];

  # Resolves conditions and merges. Priorities and orders stay.
  dischargeProperties =
    value:
    if !(value ? _type) then
      [ value ]
    else if value._type == "merge" then
      concatMap dischargeProperties value.contents
    else if value._type == "if" then
      if isBool value.condition then
        if value.condition then dischargeProperties value.content else [ ]
      else if value.condition._type or "" == "opaque" then
        builtins.seq (opaque.takenForFalse value.condition._path) [ ]
      else
        throw "‘mkIf’ called with a non-Boolean condition"
    else
      [ value ];

  filterOverrides = defs: (filterOverrides' defs).values;
  filterOverrides' =
    defs:
    let
      priorityOf = def: if typeOf def.value == "override" then def.value.priority else defaultOverridePriority;
      highestPrio = foldl' (lowest: def: lib.min (priorityOf def) lowest) 9999 defs;
      strip = def: if typeOf def.value == "override" then def // { value = def.value.content; } else def;
    in
    {
      values = map strip (filter (def: priorityOf def == highestPrio) defs);
      inherit highestPrio;
    };
  sortProperties =
    defs:
    let
      ordered = map (
        def:
        if typeOf def.value == "order" then
          def
          // {
            value = def.value.content;
            inherit (def.value) priority;
          }
        else
          def
      ) defs;
      position = def: def.priority or defaultOrderPriority;
    in
    if any (def: def.value._type or "" == "order") defs then
      sort (left: right: position left < position right) ordered
    else
      defs;
}
