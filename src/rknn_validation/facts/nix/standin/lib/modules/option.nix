# The value of an option. Every error's trace leads through this file, so it is small: see expression/whole.nix.
{ lib }:
let
  inherit (builtins)
    addErrorContext
    all
    head
    length
    map
    ;
  inherit (lib)
    defaultOnly
    isPlain
    mergeDefinitions
    mergeManyDefinitions
    plainDefinitions
    showDefs
    showOption
    ;
in
rec {
  evalOptionValue =
    loc: opt: defs:
    (evalOption loc opt defs).option;
  # An option's value and its other attributes.
  evalOption =
    loc: opt: defs:
    let
      withDefault =
        if opt ? default then
          [
            {
              file = head opt.declarations;
              value = lib.mkOptionDefault opt.default;
            }
          ]
          ++ defs
        else
          defs;
      # `?` is false for values that are no sets.
      merged =
        if defs == [ ] && opt ? default && !(opt.default ? _type) then
          defaultOnly loc opt
        else if defs != [ ] && all isPlain defs then
          plainDefinitions loc opt.type defs
        else if defs != [ ] && opt ? default && own.isDefined && own.defsFinal'.highestPrio < 1500 then
          own
        else
          mergeManyDefinitions loc opt.type withDefault;
      # The default is only used without definitions of a higher priority.
      own = mergeManyDefinitions loc opt.type defs;
      result =
        if opt.readOnly or false && length withDefault > 1 then
          throw "The option `${showOption loc}' is read-only, but it's set multiple times. Definition values:${
            showDefs (
              map (def: def // { value = (mergeDefinitions loc opt.type [ def ]).mergedValue; }) withDefault
            )
          }"
        else
          merged;
      merged' = if opt ? apply then opt.apply result.mergedValue else result.mergedValue;
    in
    rec {
      value = addErrorContext "while evaluating the option `${showOption loc}':" merged';
      option = opt // {
        inherit loc value;
        inherit (result) isDefined;
        inherit (result.defsFinal') highestPrio;
        definitions = map (def: def.value) result.defsFinal;
        files = map (def: def.file) result.defsFinal;
        definitionsWithLocations = result.defsFinal;
        __toString = _: showOption loc;
      };
    };
}
