# evalModules.
{ lib }:
let
  inherit (builtins)
    addErrorContext
    all
    attrNames
    concatMap
    head
    isAttrs
    length
    map
    mapAttrs
    removeAttrs
    seq
    ;
  inherit (lib) isOption mkOption showOption types;

  internalOptions = prefix: {
    _module = {
      args = mkOption (
        {
          type = types.lazyAttrsOf types.raw;
          description = "Additional arguments passed to each module in addition to ones like `lib`, `config`, and `pkgs`.";
        }
        // lib.optionalAttrs (prefix != [ ]) { internal = true; }
      );
      check = mkOption {
        type = types.bool;
        internal = true;
        default = true;
        description = "Whether to check whether all option definitions have matching declarations.";
      };
      freeformType = mkOption {
        type = types.nullOr types.optionType;
        internal = true;
        default = null;
        description = "If set, merge all definitions that don't have an associated option together using this type.";
      };
      specialArgs = mkOption {
        readOnly = true;
        internal = true;
        description = "Externally provided module arguments.";
      };
    };
  };

  values = mapAttrs (_: option: if option._type or "" == "option" then option.value else values option);
in
rec {
  evalModules =
    {
      modules,
      prefix ? [ ],
      specialArgs ? { },
      class ? null,
      args ? { },
      check ? true,
      # Module arguments that a type gives its submodules.
      _arguments ? { },
      # Declarations that are the same for every instance of a type, already grouped by name.
      _declared ? { },
      # Options that NixOS has and the stand-in lacks: { accepted, options }, see beside.nix.
      _beside ? null,
    }@given:
    let
      legacy =
        lib.optional (given ? args) { config._module.args = args; }
        ++ lib.optional (given ? check) { config._module.check = lib.mkDefault check; };
      collected = lib.reverseList (
        lib.collectModules class (specialArgs.modulesPath or "") (modules ++ legacy) (
          {
            inherit lib options specialArgs;
            _class = class;
            _prefix = prefix;
            config = addErrorContext "if you get an infinite recursion here, you probably reference `config` in `imports`. If you are trying to achieve a conditional import behavior dependent on `config`, consider importing unconditionally, and using `mkEnableOption` and `mkIf` to control its effect." config;
          }
          // specialArgs
        )
      );
      ownDeclared = lib.declaredBy prefix collected;
      declared =
        if _declared == { } then
          ownDeclared
        else if ownDeclared == { } then
          _declared
        else
          builtins.zipAttrsWith (_: lib.concatLists) [
            ownDeclared
            _declared
          ];
      defined = lib.definedBy prefix collected;
      merged = lib.mergeGroups prefix (removeAttrs declared [ "_module" ]) (removeAttrs defined [ "_module" ]);
      internals = moduleInternals {
        inherit prefix specialArgs;
        arguments = _arguments // {
          inherit extendModules;
          moduleType = type;
        };
        declarations = declared._module or [ ];
        definitions = defined._module or [ ];
      };
      options = merged.matchedOptions // {
        _module = internals.options;
      };
      values' = merged.values // {
        _module = internals.config;
      };
      freeform = internals.config.freeformType;
      config = if _beside == null then declaredConfig else beside.complete declaredConfig;
      declaredConfig =
        if freeform == null || merged.unmatchedDefns == [ ] then
          values'
        else
          lib.recursiveUpdate (freeform.merge prefix (
            map (def: {
              inherit (def) file;
              value = lib.setAttrByPath def.prefix def.value;
            }) merged.unmatchedDefns
          )) values';
      beside = import ./beside.nix { inherit lib; } _beside options merged.unmatchedDefns;
      checked =
        if beside.unmatched != [ ] && internals.config.check && freeform == null then
          throw (
            unmatchedMessage prefix options (head beside.unmatched) (
              if _beside == null then
                lib.showDefs [ (head beside.unmatched) ]
              else
                # Without the value, which may not be possible to evaluate.
                "\n- In `${(head beside.unmatched).file}'"
            )
            + beside.others
          )
        else
          beside.remembered;
      extendModules =
        extension@{
          modules ? [ ],
          specialArgs ? { },
          prefix ? [ ],
        }:
        evalModules (
          given
          // {
            modules = given.modules ++ modules;
            specialArgs = (given.specialArgs or { }) // specialArgs;
            prefix = extension.prefix or (given.prefix or [ ]);
          }
        );
      type = types.submoduleWith {
        inherit modules specialArgs class;
      };
    in
    {
      _type = "configuration";
      options = seq checked options;
      config = seq checked (removeAttrs config [ "_module" ]);
      _module = seq checked config._module;
      inherit extendModules type class;
    };

  # Options and values of `_module`. Most modules only add arguments, which has a shortcut.
  moduleInternals =
    {
      prefix,
      specialArgs,
      arguments,
      declarations,
      definitions,
    }:
    let
      loc = prefix ++ [ "_module" ];
      own = {
        _file = "lib/modules.nix";
        options = (internalOptions prefix)._module;
      };
      pushed = concatMap (
        def:
        map (value: {
          inherit (def) file;
          inherit value;
        }) (lib.pushDownProperties def.value)
      ) definitions;
      merged =
        lib.mergeLevel loc
          (
            [ own ]
            ++ map (decl: {
              inherit (decl) _file options;
            }) declarations
          )
          (
            pushed
            ++ [
              {
                file = "lib/modules.nix";
                value = {
                  args = arguments;
                  inherit specialArgs;
                };
              }
            ]
          );
      isPlain =
        def: isAttrs def.value && attrNames def.value == [ "args" ] && isAttrs def.value.args && !def.value.args ? _type;
      isSimple = declarations == [ ] && length pushed < 2 && all isPlain pushed;
      given = if pushed == [ ] then { } else (head pushed).value.args;
      clash = builtins.intersectAttrs arguments given;
    in
    {
      options = merged.matchedOptions;
      config =
        if isSimple && clash == { } then
          {
            args =
              arguments
              // mapAttrs (
                name: value:
                (lib.mergeDefinitions (loc ++ [ "args" name ]) types.raw [
                  {
                    inherit (head pushed) file;
                    inherit value;
                  }
                ]).mergedValue
              ) given;
            check = true;
            freeformType = null;
            inherit specialArgs;
          }
        else
          values merged.matchedOptions;
    };

  unmatchedMessage =
    prefix: options: def: values:
    let
      shown = showOption (prefix ++ def.prefix);
      parent = lib.init def.prefix;
      wanted = lib.last def.prefix;
      siblings = attrNames (lib.attrByPath parent { } options);
      candidates = lib.take 3 (
        lib.sortOn (lib.levenshtein wanted) (
          (if length siblings < 100 then lib.id else lib.filter (lib.levenshteinAtMost 2 wanted)) (
            if parent == [ ] then lib.remove "_module" siblings else siblings
          )
        )
      );
      show = name: "`${showOption (prefix ++ parent ++ [ name ])}'";
      suggestion =
        if candidates == [ ] then
          ""
        else if length candidates == 1 then
          "\n\nDid you mean ${show (head candidates)}?"
        else
          "\n\nDid you mean ${lib.concatMapStringsSep ", " show (lib.init candidates)} or ${show (lib.last candidates)}?";
      base = "The option `${shown}' does not exist. Definition values:${values}${suggestion}";
      where = showOption prefix;
    in
    if attrNames options != [ "_module" ] then
      base
    else if where == "" then
      "${base}\n\nIt seems as if you're trying to declare an option by placing it into `config' rather than `options'!\n"
    else
      "${base}\n\nHowever there are no options defined in `${where}'. Are you sure you've\ndeclared your options properly? This can happen if you e.g. declared your options in `types.submodule'\nunder `config' rather than `options'.\n";
}
