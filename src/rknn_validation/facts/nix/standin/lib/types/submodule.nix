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
          {
            _file = file;
            config = value;
          }
        else
          lib.setDefaultModuleLocation file value;
      evaluate =
        prefix: extra:
        lib.evalModules {
          modules = extra ++ modules;
          inherit specialArgs class prefix;
        };
      # Modules that only declare options are the same for every instance. For the type of an option, each module is
      # wrapped in one that names the file of the option.
      inner =
        module:
        let
          only = lib.head module.imports;
        in
        if lib.isAttrs module && lib.attrNames module == [ "_file" "imports" ] && lib.isAttrs only then
          { inherit (module) _file; } // only
        else
          module;
      isStatic =
        module:
        lib.isAttrs module
        && module ? options
        && removeAttrs module [
          "options"
          "_file"
        ] == { };
      parts = lib.partition (module: isStatic (inner module)) modules;
      declaredOnce = lib.declaredBy [ ] (
        map (module: { _file = lib.unknownModule; } // inner module) parts.right
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
          modules = parts.wrong ++ map (def: asModule { inherit (def) file value; }) defs;
          _declared = declaredOnce;
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
