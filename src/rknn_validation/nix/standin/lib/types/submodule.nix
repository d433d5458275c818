# Submodules: options inside options.
{ lib }:
let
  inherit (lib.types) defaultFunctor mkOptionType;
in
rec {
  submodule =
    modules:
    submoduleWith {
      shorthandOnlyDefinesConfig = true;
      modules = lib.toList modules;
    };
  deferredModule = deferredModuleWith { };
  deferredModuleWith =
    {
      staticModules ? [ ],
    }:
    mkOptionType {
      name = "deferredModule";
      description = "module";
      descriptionClass = "noun";
      check = value: lib.isAttrs value || lib.isFunction value || lib.types.path.check value;
      merge = loc: defs: {
        imports =
          staticModules
          ++ map (
            def: lib.setDefaultModuleLocation "${def.file}, via option ${lib.showOption loc}" def.value
          ) defs;
      };
      getSubOptions =
        prefix: (submoduleWith { modules = staticModules; }).getSubOptions prefix;
      getSubModules = staticModules;
      substSubModules = modules: deferredModuleWith { staticModules = modules; };
    };
  submoduleWith =
    {
      modules,
      specialArgs ? { },
      shorthandOnlyDefinesConfig ? false,
      description ? null,
      class ? null,
    }@attrs:
    let
      asModule =
        { value, file }:
        if lib.isAttrs value && shorthandOnlyDefinesConfig then
          lib.definitionModule file value
        else
          lib.setDefaultModuleLocation file value;
      evaluate =
        prefix: extra:
        lib.evalModules {
          modules = extra ++ modules;
          inherit specialArgs class prefix;
        };
      # Modules that do nothing but declare are the same for every instance.
      inner = module: if module ? _located then module.module else module;
      isStatic =
        module:
        let
          found = inner module;
        in
        lib.isAttrs found
        && removeAttrs found [
          "options"
          "_file"
          "_grouped"
        ] == { }
        && found ? options;
      parts = lib.partition isStatic modules;
      first = inner (lib.head parts.right);
      declaredOnce = if lib.length parts.right == 1 && first ? _grouped then first._grouped else lib.declaredBy [ ] (
        map (module: {
          _file = (inner module)._file or module._located or lib.unknownModule;
          inherit (inner module) options;
        }) parts.right
      );
      defaultsOnce = lib.mapAttrs (_: decls: (lib.head decls).default.value) (
        lib.filterAttrs (_: decls: lib.length decls == 1 && (lib.head decls).hasDefault or false) declaredOnce
      );
      named = name: { _module.args.name = name; };
      documented = lib.evalModules {
        inherit modules specialArgs class;
        prefix = [ ];
      };
      freeform = documented._module.freeformType or null;
    in
    mkOptionType {
      name = "submodule";
      typeError = _: defs: "Definition values:${lib.showDefs defs}";
      description =
        if description != null then
          description
        else if freeform != null && freeform ? description then
          "open submodule of ${
            lib.types.optionDescriptionPhrase (class: class == "noun" || class == "composite") freeform
          }"
        else
          "submodule";
      check = value: lib.isAttrs value || lib.isFunction value || lib.types.path.check value;
      merge =
        loc: defs:
        (lib.evalModules {
          # The modules of a declared type stand one import deeper than the definitions.
          modules =
            let
              definitions = map (def: asModule { inherit (def) file value; }) defs;
              dynamic = parts.wrong;
            in
            if dynamic != [ ] && lib.head dynamic ? _located then definitions ++ dynamic else dynamic ++ definitions;
          _declared = declaredOnce;
          _defaults = defaultsOnce;
          _arguments.name = lib.last loc;
          inherit specialArgs class;
          prefix = loc;
        }).config;
      emptyValue.value = { };
      getSubOptions =
        prefix:
        let
          docs = evaluate prefix [ (named (lib.mkOptionDefault "‹name›")) ];
        in
        docs.options
        // lib.optionalAttrs (docs._module.freeformType != null) {
          _freeformOptions = docs._module.freeformType.getSubOptions prefix;
        };
      getSubModules = modules;
      substSubModules =
        replacement:
        submoduleWith (attrs // { modules = replacement; });
      functor = defaultFunctor "submoduleWith" // {
        type = submoduleWith;
        payload = {
          inherit
            modules
            specialArgs
            shorthandOnlyDefinesConfig
            description
            class
            ;
        };
        binOp = left: right: {
          class =
            if left.class == null then
              right.class
            else if right.class == null || left.class == right.class then
              left.class
            else
              throw "A submoduleWith option is declared multiple times with conflicting class values \"${toString left.class}\" and \"${toString right.class}\".";
          modules = left.modules ++ right.modules;
          specialArgs =
            let
              shared = builtins.intersectAttrs left.specialArgs right.specialArgs;
            in
            if shared == { } then
              left.specialArgs // right.specialArgs
            else
              throw "A submoduleWith option is declared multiple times with the same specialArgs \"${toString (lib.attrNames shared)}\"";
          shorthandOnlyDefinesConfig = left.shorthandOnlyDefinesConfig || right.shorthandOnlyDefinesConfig;
          description = if left.description == null then right.description else left.description;
        };
      };
    };
}
