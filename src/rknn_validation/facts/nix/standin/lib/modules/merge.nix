# Matching definitions to declared options, and merging them.
{ lib }:
let
  inherit (builtins)
    attrNames
    concatMap
    concatStringsSep
    foldl'
    head
    isAttrs
    length
    map
    mapAttrs
    partition
    typeOf
    zipAttrsWith
    ;
  inherit (lib)
    evalOption
    evalOptionValue
    isOption
    showFiles
    showOption
    ;
  group = zipAttrsWith (_: entries: entries);
in
rec {
  # modules: [ { _file, options, config } ], the one imported last first.
  mergeModules =
    prefix: modules: mergeGroups prefix (declaredBy prefix modules) (definedBy prefix modules);

  # What modules declare and define, by option name.
  declaredBy =
    prefix: modules:
    group (concatMap (m: if m.options == { } then [ ] else [ (declarationsByName prefix m) ]) modules);
  definedBy =
    prefix: modules:
    group (
      concatMap (
        m:
        map (
          value:
          definitionsByName prefix {
            file = m._file;
            inherit value;
          }
        ) (lib.pushDownProperties m.config)
      ) modules
    );

  # One level of the option tree: declarations [ { _file, options } ], definitions [ { file, value } ].
  mergeLevel =
    prefix: declarations: definitions:
    mergeGroups prefix (group (map (declarationsByName prefix) declarations)) (
      group (map (definitionsByName prefix) definitions)
    );
  mergeGroups =
    prefix: declared: defined:
    let
      results = mapAttrs (
        name: decls:
        let
          only = head decls;
          loc = prefix ++ [ name ];
          defs = defined.${name} or [ ];
          evaluated = evalOption loc only.once defs;
        in
        # Nearly every option is declared once.
        if length decls == 1 && only.options._type or "" == "option" then
          {
            matchedOptions = evaluated.option;
            inherit (evaluated) value;
            unmatchedDefns = [ ];
          }
        else
          mergeNames loc decls defs
      ) declared;
      unmatchedIn =
        name:
        map (def: def // { prefix = [ name ] ++ def.prefix or [ ]; }) (
          if results ? ${name} then results.${name}.unmatchedDefns else defined.${name}
        );
    in
    {
      matchedOptions = mapAttrs (_: result: result.matchedOptions) results;
      # The options' values.
      values = mapAttrs (_: result: result.value) results;
      unmatchedDefns = concatMap unmatchedIn (attrNames defined);
    };

  declarationsByName =
    prefix: module:
    if isAttrs module.options then
      mapAttrs (
        name: options:
        let
          decl = {
            inherit (module) _file;
            replaces = module.replaces or false;
            pos = builtins.unsafeGetAttrPos name module.options;
            inherit options;
            once = once decl;
          };
        in
        decl
      ) module.options
    else
      throw ''
        An option declaration for `${concatStringsSep "." prefix}' has type
        `${typeOf module.options}' rather than an attribute set.
        Did you mean to define this outside of `options'?
      '';
  definitionsByName =
    prefix: def:
    if isAttrs def.value then
      mapAttrs (_: value: {
        inherit (def) file;
        inherit value;
      }) def.value
    else
      throw ''
        In module `${def.file}', you're trying to define a value of type `${typeOf def.value}'
        rather than an attribute set for the option
        `${concatStringsSep "." prefix}'!

        This usually happens if `${concatStringsSep "." prefix}' has option
        definitions inside that are not matched. Please check how to properly define
        this option by e.g. referring to `man 5 configuration.nix'!
      '';

  nixos = toString ../../nixos;
  # An option with one declaration, which instances of a type share.
  once =
    decl:
    let
      type = decl.options.type or lib.types.unspecified;
    in
    decl.options
    // {
      declarations = [ decl._file ];
      declarationPositions = if decl.pos == null then [ ] else [ decl.pos ];
      options = [ decl ];
      type =
        if type.getSubModules or null != null then
          type.substSubModules (map (lib.setDefaultModuleLocation decl._file) type.getSubModules)
        else
          type;
    };
  mergeNames =
    loc: all: defs:
    let
      # The stand-in may have the options of a replaced NixOS module in another file.
      isReplaced = decl: lib.hasPrefix nixos decl._file && isOption decl.options;
      decls = if builtins.any (decl: decl.replaces or false) all then builtins.filter (decl: !isReplaced decl) all else all;
      split = partition (decl: isOption decl.options) decls;
      first = (head split.right).options;
      nested = map (
        decl:
        decl
        // {
          options = lib.mkOption { type = lib.types.submodule [ { inherit (decl) options _file; } ]; };
        }
      ) split.wrong;
      matched = decls: rec {
        matchedOptions = evalOptionValue loc (mergeOptionDecls loc decls) defs;
        inherit (matchedOptions) value;
        unmatchedDefns = [ ];
      };
      inner = mergeLevel loc (map (checkDeclaration loc) decls) (
        concatMap (
          def:
          map (value: {
            inherit (def) file;
            inherit value;
          }) (lib.pushDownProperties def.value)
        ) defs
      );
    in
    if split.wrong == [ ] then
      matched decls
    else if split.right != [ ] then
      if (first.type or lib.types.unspecified).getSubModules or null != null then
        matched (split.right ++ nested)
      else
        throw "The option `${showOption loc}' in module `${(head split.right)._file}' would be a parent of the following options, but its type `${
          first.type.description or "<no description>"
        }' does not support nested options.\n${
          concatStringsSep "\n" (
            concatMap (
              decl: map (name: " - option(s) with prefix `${showOption (loc ++ [ name ])}' in module `${decl._file}'") (attrNames decl.options)
            ) split.wrong
          )
        }"
    else
      {
        inherit (inner) matchedOptions unmatchedDefns;
        value = inner.values;
      };
  checkDeclaration =
    loc: decl:
    if isAttrs decl.options && decl.options ? _type && decl.options._type != "option" && builtins.isString decl.options._type then
      throw "In module ${decl._file}: expected an option declaration at option path `${showOption loc}` but got an attribute set with type ${decl.options._type}${
        lib.optionalString (decl.options._type == "option-type") ''


          When declaring an option, you must wrap the type in a `mkOption` call. It should look somewhat like:
              ${lib.optionalString (length loc > 1) "\n    # ${showOption loc}"}
              ${lib.escapeNixIdentifier (lib.last loc)} = lib.mkOption {
                description = ...;
                type = <the type you wrote for ${lib.escapeNixIdentifier (lib.last loc)}>;
                ...
              };
        ''
      }"
    else
      decl;

  mergeOptionDecls =
    loc: decls:
    let
      start = {
        inherit loc;
        declarations = [ ];
        declarationPositions = [ ];
        options = [ ];
      };
      already =
        merged: decl:
        throw "The option `${showOption loc}' in `${decl._file}' is already declared in ${showFiles merged.declarations}.";
      step =
        merged: decl:
        let
          option = decl.options;
          twice = name: merged ? ${name} && option ? ${name};
          type =
            if merged ? type && option ? type then
              let
                both = merged.type.typeMerge option.type.functor;
              in
              if both == null then already merged decl else both
            else
              merged.type or option.type or null;
        in
        if merged ? declarations && merged.declarations != [ ] && (twice "default" || twice "example" || twice "description" || twice "apply") then
          already merged decl
        else
          merged
          // option
          // {
            declarations = merged.declarations ++ [ decl._file ];
            declarationPositions =
              merged.declarationPositions
              ++ lib.optional (decl.pos or null != null) decl.pos;
            options = merged.options ++ [ decl ];
          }
          // lib.optionalAttrs (type != null) { inherit type; };
      merged = foldl' step start decls;
    in
    merged
    // {
      _type = "option";
      type = if merged ? type then merged.type else lib.types.unspecified;
    };
}
