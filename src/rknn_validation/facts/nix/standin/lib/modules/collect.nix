# Loads modules: functions, paths and attribute sets become one shape, and imports are followed.
{ lib }:
let
  inherit (builtins)
    addErrorContext
    attrNames
    elem
    filter
    genericClosure
    head
    isAttrs
    isList
    isPath
    isString
    map
    mapAttrs
    removeAttrs
    ;
  inherit (lib) isFunction unknownModule;
  structural = [
    "_class"
    "_file"
    "key"
    "disabledModules"
    "require"
    "imports"
    "options"
    "config"
    "meta"
    "freeformType"
  ];
  opaque = import ../../opaque.nix;
  # A module of NixOS that the stand-in lacks, or of a flake's input that is missing.
  nixos = toString ../../nixos;
  shown = module: builtins.replaceStrings [ nixos ] [ "nixos" ] (toString module);
  isAbsent =
    module:
    (isPath module || isString module)
    && (
      isString module && opaque.isMarked module
      || builtins.substring 0 (builtins.stringLength nixos) (toString module) == nixos
      && !builtins.pathExists module
    );
  # A module of NixOS in `disabledModules` whose options the stand-in has in another file, or lacks.
  isLost =
    module:
    isString module
    && (if builtins.substring 0 1 module == "/" then isAbsent module else !builtins.pathExists "${nixos}/modules/${module}");
in
rec {
  setDefaultModuleLocation = file: module: {
    _file = file;
    imports = [ module ];
  };
  importJSON = file: {
    _file = file;
    config = lib.trivial.importJSON file;
  };
  importTOML = file: {
    _file = file;
    config = lib.trivial.importTOML file;
  };
  importApply = file: arguments: setDefaultModuleLocation file (import file arguments);

  # A module function gets the arguments it names, from `specialArgs` or `_module.args`.
  applyModuleArgs =
    key: f: args:
    let
      named = mapAttrs (
        name: _:
        addErrorContext "while evaluating the module argument `${name}' in \"${key}\":" (
          args.${name} or args.config._module.args.${name}
        )
      ) (lib.functionArgs f);
    in
    f (args // named);
  applyModuleArgsIfFunction =
    key: f: args:
    if isFunction f then applyModuleArgs key f args else f;

  unifyModuleSyntax =
    file: key: module:
    let
      addMeta =
        config:
        if module ? meta then
          lib.mkMerge [
            config
            { inherit (module) meta; }
          ]
        else
          config;
      addFreeform =
        config:
        if module ? freeformType then
          lib.mkMerge [
            config
            { _module.freeformType = module.freeformType; }
          ]
        else
          config;
      common = {
        _file = toString (module._file or file);
        _class = module._class or null;
        key = toString (module.key or key);
        disabledModules = module.disabledModules or [ ];
      }
      // lib.optionalAttrs (module ? disabledModules && lib.any isLost (lib.toList module.disabledModules)) {
        replaces = true;
      };
    in
    if module ? config || module ? options then
      let
        extra = removeAttrs module structural;
      in
      if extra != { } then
        throw "Module `${key}' has an unsupported attribute `${head (attrNames extra)}'. This is caused by introducing a top-level `config' or `options' attribute. Add configuration attributes immediately on the top level instead, or move all of them (namely: ${toString (attrNames extra)}) into the explicit `config' attribute."
      else
        common
        // {
          imports = module.imports or [ ];
          options = module.options or { };
          config = addFreeform (addMeta (module.config or { }));
        }
    else if !isAttrs module then
      throw "module ${file} (${key}) does not look like a module."
    else
      common
      // {
        imports = module.require or [ ] ++ module.imports or [ ];
        options = { };
        config = addFreeform (
          removeAttrs module [
            "_class"
            "_file"
            "key"
            "disabledModules"
            "require"
            "imports"
            "freeformType"
          ]
        );
      };

  loadModule =
    args: fallbackFile: fallbackKey: module:
    if opaque.isOpaque module then
      opaque.remember "the module ${module.pname}" (unifyModuleSyntax fallbackFile fallbackKey { })
    else if isAbsent module then
      opaque.remember "the module ${shown module}" (
        unifyModuleSyntax (toString module) (toString module) { }
      )
    else if isFunction module then
      unifyModuleSyntax fallbackFile fallbackKey (applyModuleArgs fallbackKey module args)
    else if isAttrs module then
      if module._type or "module" == "module" then
        unifyModuleSyntax fallbackFile fallbackKey module
      else if module._type == "if" || module._type == "override" then
        loadModule args fallbackFile fallbackKey { config = module; }
      else
        throw ''
          Expected a module, but found a value of type "${module._type}"${
            if fallbackFile == unknownModule then "" else ", while trying to load a module into ${fallbackFile}"
          }.
        ''
    else if isList module then
      throw "Module imports can't be nested lists. Perhaps you meant to remove one level of lists? Definitions: ${
        lib.showDefs [
          {
            file = fallbackFile;
            value = module;
          }
        ]
      }"
    else
      unifyModuleSyntax (toString module) (toString module) (applyModuleArgsIfFunction (toString module) (import module) args);

  collectModules =
    class: modulesPath: initial: args:
    let
      checkClass =
        m:
        if class == null || m._class == null || m._class == class then
          m
        else
          throw "The module `${m._file}` (class: ${lib.strings.escapeNixString m._class}) cannot be imported into a module evaluation that expects class ${lib.strings.escapeNixString class}.\n\nHelp:\n- Ensure that you are importing the correct module.\n- Verify that the module's `_class`, ${lib.strings.escapeNixString m._class} matches the expected `class` ${lib.strings.escapeNixString class}.\n- If you are using a custom class, make sure it is correctly defined and used consistently across your modules.";
      structure =
        parentFile: parentKey: modules:
        lib.imap1 (
          n: x:
          let
            module = checkClass (loadModule args parentFile "${parentKey}:anon-${toString n}" x);
          in
          {
            inherit (module) key;
            inherit module;
            inner = if module.imports == [ ] then [ ] else structure module._file module.key module.imports;
          }
        ) modules;
      roots = structure unknownModule "" initial;
      disabledBy =
        entries:
        lib.concatMap (
          entry:
          (
            if entry.module.disabledModules == [ ] then
              [ ]
            else
              map (disabledKey entry.module._file) (lib.toList entry.module.disabledModules)
          )
          ++ (if entry.inner == [ ] then [ ] else disabledBy entry.inner)
        ) entries;
      disabledKey =
        file: m:
        if isString m || isPath m || m ? outPath then
          let
            text = toString m;
          in
          if lib.substring 0 1 text == "/" then text else toString modulesPath + "/" + text
        else if m ? key then
          toString m.key
        else
          throw "Module `${file}` contains a disabledModules item that is an attribute set, presumably a module, that does not have a `key` attribute. This means that the module system doesn't have any means to identify the module that should be disabled. Make sure that you've put the correct value in disabledModules: a string path relative to modulesPath, a path value, or an attribute set with a `key` attribute.";
      disabled = disabledBy roots;
      keep = if disabled == [ ] then lib.id else filter (entry: !elem entry.key disabled);
    in
    map (entry: entry.module) (genericClosure {
      startSet = keep roots;
      operator = entry: keep entry.inner;
    });
}
