# The attributes of a type, and how two declarations of one option agree on a type.
{ lib }:
rec {
  isType = type: value: (value._type or "") == type;
  setType = typeName: value: value // { _type = typeName; };
  isOptionType = isType "option-type";

  # Two functors merge when they are of one name and their payloads agree.
  defaultTypeMerge =
    f: f':
    let
      mergedPayload = f.binOp f.payload f'.payload;
      wrapped = f.wrapped.typeMerge f'.wrapped.functor;
    in
    if f.name != f'.name then
      null
    else if f.payload or null != null then
      if f'.payload or null == null then
        null
      else if f.payload ? elemType then
        let
          elemType = f.payload.elemType.typeMerge f'.payload.elemType.functor;
        in
        if elemType == null then null else f.type { inherit elemType; }
      else if mergedPayload == null then
        null
      else
        f.type mergedPayload
    else if f.wrapped or null != null then
      if f'.wrapped or null == null || wrapped == null then null else f.type wrapped
    else
      f.type;
  defaultFunctor = name: {
    inherit name;
    type = lib.types.${name} or null;
    wrapped = null;
    payload = null;
    binOp = _: _: null;
  };
  mkOptionType =
    {
      name,
      description ? null,
      descriptionClass ? null,
      check ? _: true,
      merge ? lib.mergeDefaultOption,
      emptyValue ? { },
      getSubOptions ? _: { },
      getSubModules ? null,
      substSubModules ? _: null,
      typeMerge ? defaultTypeMerge functor,
      functor ? defaultFunctor name,
      deprecationMessage ? null,
      nestedTypes ? { },
      # An error message in place of the list of wrong definitions.
      typeError ? null,
    }:
    {
      _type = "option-type";
      inherit
        name
        check
        merge
        emptyValue
        getSubOptions
        getSubModules
        substSubModules
        typeMerge
        deprecationMessage
        nestedTypes
        descriptionClass
        typeError
        ;
      functor =
        if functor ? wrappedDeprecationMessage || functor ? wrapped then functor else functor // { wrapped = null; };
      description = if description == null then name else description;
    };
  mergeTypes =
    left: right:
    if isOptionType left && isOptionType right then
      let
        both = left.typeMerge right.functor;
      in
      if both != null then both else setType "merge-error" { error = "Cannot merge types"; }
    else
      throw "mergeTypes: not an option type";
  optionType = mkOptionType {
    name = "optionType";
    description = "optionType";
    descriptionClass = "noun";
    check = value: value._type or null == "option-type";
    merge =
      loc: defs:
      if lib.length defs == 1 then
        (lib.head defs).value
      else
        let
          first = (lib.head defs).value;
          step =
            type: def:
            let
              both = type.typeMerge def.value.functor;
            in
            if both == null then
              throw "The option `${lib.showOption loc}' has conflicting option types in ${lib.showFiles (lib.getFiles defs)}"
            else
              both;
        in
        lib.foldl' step first (lib.tail defs);
  };
  # How a nested type's description is put in parentheses.
  optionDescriptionPhrase =
    unparenthesized: type:
    if unparenthesized type.descriptionClass then type.description else "(${type.description})";
}
