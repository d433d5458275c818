# Types made of other types.
{ lib }:
let
  inherit (lib)
    filter
    mapAttrs
    mergeDefinitions
    ;
  inherit (lib.types) defaultFunctor mkOptionType optionDescriptionPhrase;
  functorOf = name: elemType: make: defaultFunctor name // {
    type = payload: make payload.elemType;
    payload = { inherit elemType; };
  };
  inherit (builtins)
    all
    elemAt
    genList
    length
    ;
  isPlain = value: !(value ? _type);
  # Merges definitions without properties.
  mergePlain =
    loc: type: defs:
    if if length defs == 1 then type.check (lib.head defs).value else all (def: type.check def.value) defs then
      type.merge loc defs
    else
      (mergeDefinitions loc type defs).mergedValue;
  composite = optionDescriptionPhrase (class: class == "noun" || class == "composite");
  # One definition per attribute name: { name = [ { file, value } ]; }.
  byName =
    defs:
    builtins.zipAttrsWith (_: values: values) (
      map (
        def:
        mapAttrs (_: value: {
          inherit (def) file;
          inherit value;
        }) def.value
      ) defs
    );
in
rec {
  attrsOf = elemType: attrsWith { inherit elemType; };
  lazyAttrsOf =
    elemType:
    attrsWith {
      inherit elemType;
      lazy = true;
    };
  attrsWith =
    {
      elemType,
      lazy ? false,
      placeholder ? "name",
    }:
    let
      name = if lazy then "lazyAttrsOf" else "attrsOf";
      one = loc: attribute: mergeDefinitions (loc ++ [ attribute ]) elemType;
    in
    mkOptionType {
      inherit name;
      typeError = _: defs: "Definition values:${lib.showDefs defs}";
      description = "${lib.optionalString lazy "lazy "}attribute set of ${composite elemType}";
      descriptionClass = "composite";
      check = lib.isAttrs;
      merge =
        if lazy then
          loc: defs:
          mapAttrs (
            attribute: defs:
            let
              merged = one loc attribute defs;
            in
            merged.optionalValue.value or elemType.emptyValue.value or merged.mergedValue
          ) (byName defs)
        else
          loc: defs:
          let
            entries = mapAttrs (
              attribute: defs:
              if all (def: isPlain def.value) defs then
                { value = mergePlain (loc ++ [ attribute ]) elemType defs; }
              else
                (one loc attribute defs).optionalValue
            ) (byName defs);
            undefined = filter (attribute: !(entries.${attribute} ? value)) (lib.attrNames entries);
          in
          mapAttrs (_: entry: entry.value) (
            if undefined == [ ] then entries else builtins.removeAttrs entries undefined
          );
      emptyValue.value = { };
      getSubOptions = prefix: elemType.getSubOptions (prefix ++ [ "<${placeholder}>" ]);
      inherit (elemType) getSubModules;
      substSubModules =
        modules:
        attrsWith {
          inherit lazy placeholder;
          elemType = elemType.substSubModules modules;
        };
      functor = defaultFunctor "attrsWith" // {
        type = attrsWith;
        payload = { inherit elemType lazy placeholder; };
        binOp = _: _: null;
      };
      typeMerge =
        f':
        let
          both = elemType.typeMerge f'.payload.elemType.functor;
        in
        if f'.name != "attrsWith" || f'.payload.lazy != lazy || both == null then
          null
        else
          attrsWith {
            inherit lazy placeholder;
            elemType = both;
          };
      nestedTypes.elemType = elemType;
    };
  nullOr =
    elemType:
    mkOptionType {
      name = "nullOr";
      description = "null or ${optionDescriptionPhrase (class: class == "noun" || class == "conjunction") elemType}";
      descriptionClass = "conjunction";
      check = value: value == null || elemType.check value;
      merge =
        loc: defs:
        let
          nulls = lib.count (def: def.value == null) defs;
        in
        if nulls == lib.length defs then
          null
        else if nulls != 0 then
          throw "The option `${lib.showOption loc}` is defined both null and not null, in ${lib.showFiles (lib.getFiles defs)}."
        else
          elemType.merge loc defs;
      emptyValue.value = null;
      inherit (elemType) getSubOptions getSubModules;
      substSubModules = modules: nullOr (elemType.substSubModules modules);
      functor = functorOf "nullOr" elemType nullOr;
      nestedTypes.elemType = elemType;
    };
  listOf =
    elemType:
    mkOptionType {
      name = "listOf";
      typeError = _: defs: "Definition values:${lib.showDefs defs}";
      description = "list of ${composite elemType}";
      descriptionClass = "composite";
      check = lib.isList;
      merge =
        loc: defs:
        if all (def: all isPlain def.value) defs then
          # A shortcut of mergeDefinitions for values without properties.
          lib.concatLists (
            lib.imap1 (
              n: def:
              genList (
                m:
                mergePlain (loc ++ [ "[definition ${toString n}-entry ${toString (m + 1)}]" ]) elemType [
                  {
                    inherit (def) file;
                    value = elemAt def.value m;
                  }
                ]
              ) (length def.value)
            ) defs
          )
        else
          map (entry: entry.value) (
          filter (entry: entry ? value) (
            lib.concatLists (
              lib.imap1 (
                n: def:
                lib.imap1 (
                  m: value:
                  (mergeDefinitions (loc ++ [ "[definition ${toString n}-entry ${toString m}]" ]) elemType [
                    {
                      inherit (def) file;
                      inherit value;
                    }
                  ]).optionalValue
                ) def.value
              ) defs
            )
          )
        );
      emptyValue.value = [ ];
      getSubOptions = prefix: elemType.getSubOptions (prefix ++ [ "*" ]);
      inherit (elemType) getSubModules;
      substSubModules = modules: listOf (elemType.substSubModules modules);
      functor = functorOf "listOf" elemType listOf;
      nestedTypes.elemType = elemType;
    };
  nonEmptyListOf =
    elemType:
    let
      list = listOf elemType;
    in
    lib.types.addCheck list (value: value != [ ])
    // {
      description = "non-empty ${optionDescriptionPhrase (class: class == "noun") list}";
      emptyValue = { };
      substSubModules = modules: nonEmptyListOf (elemType.substSubModules modules);
    };
  loaOf = attrsOf;
  uniq = unique { message = ""; };
  unique =
    { message }:
    type:
    mkOptionType {
      name = "unique";
      inherit (type)
        description
        descriptionClass
        check
        emptyValue
        getSubOptions
        getSubModules
        ;
      merge = lib.mergeUniqueOption {
        inherit message;
        inherit (type) merge;
      };
      substSubModules = modules: unique { inherit message; } (type.substSubModules modules);
      functor = functorOf "unique" type (unique { inherit message; });
      nestedTypes.elemType = type;
    };
  either =
    first: second:
    mkOptionType {
      name = "either";
      typeError =
        loc: defs:
        "The option `${lib.showOption loc}` is neither a value of type `${first.description}` nor `${second.description}`, Definition values: ${lib.showDefs defs}";
      description =
        "${optionDescriptionPhrase (class: class == "noun" || class == "conjunction") first} or "
        + optionDescriptionPhrase (class: class == "noun" || class == "conjunction" || class == "composite") second;
      descriptionClass = "conjunction";
      check = value: first.check value || second.check value;
      merge =
        loc: defs:
        let
          list = map (def: def.value) defs;
        in
        if lib.all first.check list then
          first.merge loc defs
        else if lib.all second.check list then
          second.merge loc defs
        else
          throw "A definition for option `${lib.showOption loc}' is not of type `${(either first second).description}'. TypeError: The option `${lib.showOption loc}` is neither a value of type `${first.description}` nor `${second.description}`, Definition values: ${lib.showDefs defs}";
      functor = defaultFunctor "either" // {
        type = payload: either (lib.elemAt payload.types 0) (lib.elemAt payload.types 1);
        payload.types = [
          first
          second
        ];
        binOp = a: b: null;
      };
      typeMerge =
        f':
        let
          merge = n: (lib.elemAt [ first second ] n).typeMerge (lib.elemAt f'.payload.types n).functor;
        in
        if f'.name == "either" && merge 0 != null && merge 1 != null then either (merge 0) (merge 1) else null;
      nestedTypes = {
        left = first;
        right = second;
      };
    };
  oneOf =
    types:
    if types == [ ] then
      throw "types.oneOf needs to get at least one type in its argument"
    else
      lib.foldl' either (lib.head types) (lib.tail types);
  coercedTo =
    from: coerce: to:
    assert lib.assertMsg (
      from.getSubModules == null
    ) "coercedTo: coercedType must not have submodules (it’s a ${from.description})";
    mkOptionType {
      name = "coercedTo";
      description = "${optionDescriptionPhrase (class: class == "noun") to} or ${
        optionDescriptionPhrase (class: class == "noun") from
      } convertible to it";
      check = value: (from.check value && to.check (coerce value)) || to.check value;
      merge =
        loc: defs:
        to.merge loc (
          map (def: def // { value = if from.check def.value then coerce def.value else def.value; }) defs
        );
      inherit (to) emptyValue getSubOptions getSubModules;
      substSubModules = modules: coercedTo from coerce (to.substSubModules modules);
      typeMerge = _: null;
      functor = defaultFunctor "coercedTo" // { wrapped = to; };
      nestedTypes = {
        coercedType = from;
        finalType = to;
      };
    };
  functionTo =
    elemType:
    mkOptionType {
      name = "functionTo";
      description = "function that evaluates to a(n) ${composite elemType}";
      descriptionClass = "composite";
      check = lib.isFunction;
      merge = loc: defs: {
        __functor =
          _: argument:
          (mergeDefinitions (loc ++ [ "<function body>" ]) elemType (
            map (def: {
              inherit (def) file;
              value = def.value argument;
            }) defs
          )).mergedValue;
        __functionArgs = builtins.zipAttrsWith (_: lib.all lib.id) (map (def: lib.functionArgs def.value) defs);
      };
      getSubOptions = prefix: elemType.getSubOptions (prefix ++ [ "<function body>" ]);
      inherit (elemType) getSubModules;
      substSubModules = modules: functionTo (elemType.substSubModules modules);
      functor = functorOf "functionTo" elemType functionTo;
      nestedTypes.elemType = elemType;
    };
  addCheck =
    type: check:
    type
    // {
      check = value: type.check value && check value;
    };
  attrTag =
    tags:
    let
      names = lib.attrNames tags;
      show = lib.concatMapStringsSep ", " lib.escapeNixIdentifier names;
    in
    mkOptionType {
      name = "attrTag";
      description = "attribute-tagged union with choices: ${show}";
      descriptionClass = "noun";
      check = value: lib.isAttrs value && lib.length (lib.attrNames value) == 1 && tags ? ${lib.head (lib.attrNames value)};
      merge =
        loc: defs:
        let
          choice = lib.head (lib.attrNames (lib.head defs).value);
        in
        if !tags ? ${choice} then
          throw "The option `${lib.showOption loc}` is defined as ${choice}, but ${choice} is not among the valid choices (${show}). Value ${choice} was defined in ${lib.showFiles (lib.getFiles defs)}."
        else
          {
            ${choice} =
              (lib.evalOptionValue (loc ++ [ choice ]) (
                {
                  declarations = [ ];
                  type = lib.types.unspecified;
                }
                // tags.${choice}
              ) (
                map (
                  def:
                  if def.value ? ${choice} then
                    {
                      inherit (def) file;
                      value = def.value.${choice};
                    }
                  else
                    throw "The option `${lib.showOption loc}` is defined both as `${choice}` and `${lib.head (lib.attrNames def.value)}`, in ${lib.showFiles (lib.getFiles defs)}."
                ) defs
              )).value;
          };
    };
}
