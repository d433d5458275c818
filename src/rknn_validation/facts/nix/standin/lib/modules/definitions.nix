# Merges the definitions of one option: conditions, priorities, order and type.
{ lib }:
let
  inherit (builtins)
    addErrorContext
    all
    any
    concatMap
    filter
    foldl'
    head
    length
    map
    ;
  inherit (lib) showDefs showOption;
  opaque = import ../../opaque.nix;
  sets = [
    "attrs"
    "attrsOf"
    "lazyAttrsOf"
    "submodule"
  ];
  # An opaque value becomes an element of a list, marked text, or stays as it is.
  mergeOpaque =
    loc: type: defs:
    let
      parts = builtins.partition (def: opaque.isOpaque def.value) defs;
      known = parts.wrong;
      as =
        f:
        (lib.mergeDefinitions loc type (
          map (def: if opaque.isOpaque def.value then def // { value = f def.value; } else def) defs
        )).mergedValue;
    in
    if type.name == "listOf" then
      as (value: [ value ])
    else if type.name == "separatedString" then
      as opaque.text
    else if type.name == "bool" then
      if known == [ ] then opaque.takenForFalse (head parts.right).value._path else type.merge loc known
    else if builtins.elem type.name sets then
      as (_: { })
    else
      (head parts.right).value;
in
rec {
  # The result of mergeDefinitions for an option without definitions.
  defaultOnly =
    loc: opt:
    let
      defsFinal = [
        {
          file = head opt.declarations;
          value = opt.default;
        }
      ];
    in
    {
      isDefined = true;
      mergedValue =
        if opt.type.check opt.default then opt.type.merge loc defsFinal else wrongType loc opt.type defsFinal;
      inherit defsFinal;
      defsFinal'.highestPrio = 1500;
    };
  wrongType =
    loc: type: defs:
    let
      start = "A definition for option `${showOption loc}' is not of type `${type.description}'.";
    in
    if type.typeError or null != null then
      throw "${start} TypeError: ${type.typeError loc defs}"
    else
      throw "${start} Definition values:${showDefs defs}";
  # Without condition, priority or order.
  isPlain = def: !(def.value ? _type);
  mergeDefinitions =
    loc: type: defs:
    if defs != [ ] && all isPlain defs then plainDefinitions loc type defs else mergeManyDefinitions loc type defs;
  plainDefinitions =
    loc: type: defsFinal:
    let
      fits = if length defsFinal == 1 then type.check (head defsFinal).value else all (def: type.check def.value) defsFinal;
      mergedValue =
        if fits then
          type.merge loc defsFinal
        else
          wrongType loc type (filter (def: !type.check def.value) defsFinal);
    in
    {
      isDefined = true;
      inherit mergedValue defsFinal;
      defsFinal' = {
        highestPrio = lib.defaultOverridePriority;
        values = defsFinal;
      };
      optionalValue.value = mergedValue;
    };
  mergeManyDefinitions =
    loc: type: defs:
    let
      discharged = concatMap (
        def:
        if isPlain def then
          [ def ]
        else
          map
            (value: {
              inherit (def) file;
              inherit value;
            })
            (addErrorContext "while evaluating definitions from `${toString def.file}':" (lib.dischargeProperties def.value))
      ) defs;
      priorityOf = def: if def.value._type or "" == "override" then def.value.priority else 100;
      hasPriorities = any (def: def.value._type or "" == "override") discharged;
      highestPrio =
        if discharged == [ ] then
          9999
        else if !hasPriorities then
          100
        else
          foldl' (
            lowest: def:
            let
              priority = priorityOf def;
            in
            if priority < lowest then priority else lowest
          ) 9999 discharged;
      defsFinal = lib.sortProperties (
        if !hasPriorities then
          discharged
        else
          map (def: {
            inherit (def) file;
            value = if def.value._type or "" == "override" then def.value.content else def.value;
          }) (filter (def: priorityOf def == highestPrio) discharged)
      );
      isDefined = defsFinal != [ ];
      mergedValue =
        if any (def: opaque.isOpaque def.value) defsFinal then
          mergeOpaque loc type defsFinal
        else if isDefined then
          if all (def: type.check def.value) defsFinal then
            type.merge loc defsFinal
          else
            wrongType loc type (filter (def: !type.check def.value) defsFinal)
        else
          throw "The option `${showOption loc}' was accessed but has no value defined. Try setting the option.";
    in
    {
      inherit isDefined mergedValue defsFinal;
      defsFinal' = {
        inherit highestPrio;
        values = defsFinal;
      };
      optionalValue = if isDefined then { value = mergedValue; } else { };
    };
}
