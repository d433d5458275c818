# evalModules.
{ lib }:
let
  inherit (builtins)
    addErrorContext
    attrNames
    concatLists
    head
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

  values = mapAttrs (_: option: if isOption option then option.value else values option);
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
    }@given:
    let
      internal = {
        _file = "lib/modules.nix";
        key = "lib/modules.nix";
        options = internalOptions prefix;
        config._module = {
          args = {
            inherit extendModules;
            moduleType = type;
          };
          inherit specialArgs;
        };
      };
      legacy =
        lib.optional (given ? args) { config._module.args = args; }
        ++ lib.optional (given ? check) { config._module.check = lib.mkDefault check; };
      collected = lib.collectModules class (specialArgs.modulesPath or "") (modules ++ legacy ++ [ internal ]) (
        {
          inherit lib options specialArgs;
          _class = class;
          _prefix = prefix;
          config = addErrorContext "if you get an infinite recursion here, you probably reference `config` in `imports`. If you are trying to achieve a conditional import behavior dependent on `config`, consider importing unconditionally, and using `mkEnableOption` and `mkIf` to control its effect." config;
        }
        // specialArgs
      );
      merged = lib.mergeModules prefix (lib.reverseList collected);
      options = merged.matchedOptions;
      declared = values options;
      freeform = declared._module.freeformType;
      config =
        if freeform == null then
          declared
        else if merged.unmatchedDefns == [ ] then
          declared
        else
          lib.recursiveUpdate (freeform.merge prefix (
            map (def: {
              inherit (def) file;
              value = lib.setAttrByPath def.prefix def.value;
            }) merged.unmatchedDefns
          )) declared;
      checked =
        if declared._module.check && freeform == null && merged.unmatchedDefns != [ ] then
          throw (unmatchedMessage prefix options (head merged.unmatchedDefns))
        else
          null;
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

  unmatchedMessage =
    prefix: options: def:
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
      base = "The option `${shown}' does not exist. Definition values:${lib.showDefs [ def ]}${suggestion}";
      where = showOption prefix;
    in
    if attrNames options != [ "_module" ] then
      base
    else if where == "" then
      "${base}\n\nIt seems as if you're trying to declare an option by placing it into `config' rather than `options'!\n"
    else
      "${base}\n\nHowever there are no options defined in `${where}'. Are you sure you've\ndeclared your options properly? This can happen if you e.g. declared your options in `types.submodule'\nunder `config' rather than `options'.\n";
}
