# A request as what it changes of the base machine: what it leaves alone is taken over as it is evaluated.
#
# What this cannot tell apart for certain is thrown: the caller then evaluates the request on its own.
{
  lib,
  base,
  modules,
  modulesPath,
  # The same configuration, evaluated on its own: for the few that ask for it.
  alone,
}:
let
  inherit (builtins)
    any
    attrNames
    concatMap
    filter
    head
    intersectAttrs
    listToAttrs
    map
    mapAttrs
    removeAttrs
    zipAttrsWith
    ;
  inherit (base) specialArgs;
  tree = import ./tree.nix { inherit lib; };
  merge = import ./merge.nix { inherit lib; };
  group = zipAttrsWith (_: found: found);
  unshared = why: throw "not to be shared: ${why}";

  # The request's own modules, the one imported last first: they come before all of the base.
  own = lib.reverseList (
    lib.collectModules "nixos" modulesPath modules {
      inherit
        lib
        specialArgs
        config
        options
        modulesPath
        ;
      _class = "nixos";
      _prefix = [ ];
    }
  );
  declaring = filter (module: module.options != { }) own;
  # Definitions at the top, by name, and what the request hands to modules.
  defs = concatMap (
    module:
    map (value: {
      file = module._file;
      inherit value;
    }) (lib.pushDownProperties module.config)
  ) own;
  top = level base.root declaring defs;

  givenArguments =
    let
      found = concatMap (def: if def.value ? _module then [ def.value._module ] else [ ]) defs;
      plain = one: attrNames one == [ "args" ] && lib.isAttrs one.args && !one.args ? _type && intersectAttrs one.args arguments == { };
      all = map (one: one.args) found;
    in
    if found == [ ] then
      { }
    else if lib.all plain found && lib.foldl' (n: one: n + lib.length (attrNames one)) 0 all == lib.length (attrNames (lib.mergeAttrsList all)) then
      mapAttrs (_: argument) (lib.mergeAttrsList all)
    else
      unshared "it sets module arguments in a special way";
  argument = value: if value ? _type && value._type != "pkgs" then unshared "a module argument with a condition" else value;
  arguments = base.arguments // {
    inherit (alone._module.args)
      modules
      noUserModules
      extendModules
      moduleType
      ;
    pkgs =
      if any (def: def.value ? nixpkgs) defs || any (module: module.options ? nixpkgs) declaring then
        unshared "it changes the package set"
      else
        base.pkgs;
    utils = import ../utils.nix {
      inherit lib config;
      inherit (arguments) pkgs;
    };
  };

  config = top.values // {
    _module = {
      args = arguments // givenArguments;
      check = true;
      freeformType = null;
      inherit specialArgs;
    };
  };
  options = top.options // {
    _module = unshared "it asks for the options of the module system";
  };

  # The parts of the base, such as "KEY defines", that read an option the request touches: by that option's first word.
  # What is defined under a condition that does not hold changes nothing; it is asked for only where a part reads it.
  readBy = mapAttrs (
    _: one:
    map (name: {
      parts = base.dependents.${name} or { };
      isChanged = one.touched.${name};
    }) (attrNames one.touched)
  ) top.visited;
  reads =
    counts: part:
    base.always ? ${part}
    || any (any (one: one.parts ? ${part} && counts one)) (
      lib.attrValues (intersectAttrs base.words.${part} readBy)
    );
  isChanged = reads (one: one.isChanged);
  # Of declarations it is not asked whether the condition holds: a condition may well be on an option declared there.
  isTouched = reads (_: true);
  allChanged = lib.foldl' (all: one: if one.isChanged then all // one.parts else all) base.always (
    lib.concatLists (lib.attrValues readBy)
  );

  # Base modules again, with this request's configuration; only those that changed are looked at.
  again = mapAttrs (
    _: entry:
    let
      module = entry.load {
        inherit
          lib
          specialArgs
          config
          options
          modulesPath
          ;
        _class = "nixos";
        _prefix = [ ];
      };
    in
    {
      inherit module;
      defined = tree.flat base.root (tree.top module);
    }
  ) base.byKey;
  definedAgain = key: name: again.${key}.defined.${name} or [ ];
  declaredAgain =
    key: loc:
    let
      module = again.${key}.module;
    in
    (lib.declarationsByName (lib.init loc) {
      inherit (module) _file;
      options = lib.getAttrFromPath (lib.init loc) module.options;
    }).${lib.last loc};

  # One level of the tree with what the request declares and defines there.
  # Gives options and values, which definitions no option takes, and of each option it touches whether that changes it.
  level =
    node: modules: found:
    let
      declared = group (map (lib.declarationsByName node.prefix) modules);
      defined = group (map (lib.definitionsByName node.prefix) found);
      names = declared // defined;
      # The names here are the base's, whatever is defined: a module may ask which options there are before it defines any.
      below = mapAttrs (
        attribute: child:
        if !names ? ${attribute} then
          if !child.isPlace then
            child.unchanged
          else if child ? isLeaf then
            leaf child [ ] [ ]
          else
            level child [ ] [ ]
        else
          let
            decls = declared.${attribute} or [ ];
            inner = defined.${attribute} or [ ];
          in
          if child ? isLeaf then
            leaf child decls inner
          else if any (decl: lib.isOption decl.options) decls then
            unshared "it declares an option where the base has several"
          else
            level child (map (decl: { inherit (decl) _file options; }) decls) (tree.inner inner)
      ) node.children;
      new = lib.mergeGroups node.prefix (removeAttrs declared (attrNames node.children)) (
        removeAttrs defined (attrNames node.children ++ (if node.prefix == [ ] then [ "_module" ] else [ ]))
      );
      visited = intersectAttrs names below;
      isNew = removeAttrs names (attrNames node.children) != { };
    in
    {
      inherit below visited;
      options = mapAttrs (_: one: one.options) below // new.matchedOptions;
      values = mapAttrs (_: one: one.values) below // new.values;
      unmatched = new.unmatchedDefns != [ ] || any (one: one.unmatched) (lib.attrValues visited);
      touched =
        lib.foldl' (all: one: all // one.touched) { } (lib.attrValues visited)
        // (if isNew then { "${lib.concatStringsSep "." node.prefix}." = true; } else { });
    };

  leaf =
    node: decls: found:
    let
      inherit (node) makers;
      redeclared =
        (decls != [ ] && (!node.isOpen || unshared "it declares ${node.name}"))
        || any (key: isTouched "${key} declares") makers.declares;
      again = filter (key: isChanged "${key} defines") makers.defines;
      option = merge {
        inherit
          node
          decls
          found
          requested
          redeclared
          again
          declaredAgain
          definedAgain
          ;
        isRedeclared = key: base.words ? "${key} declares" && isTouched "${key} declares";
      };
      isLeft = decls == [ ] && again == [ ] && !redeclared;
      requested = tree.discharged found;
      isSame = isLeft && found == [ ];
    in
    {
      inherit (option) changed added;
      options = if isSame then node.options else option;
      values = if isSame || isLeft && requested == [ ] then node.values else option.value;
      unmatched = false;
      touched =
        if decls == [ ] && found == [ ] then
          { }
        else if node.isOpen && decls != [ ] then
          unshared "it declares ${node.name}"
        else
          {
            ${node.name} = decls != [ ] || requested != [ ];
          }
          // (if node.isOpen then touchedInside node found else { });
    };
  touchedInside =
    node: found:
    listToAttrs (
      map (attribute: lib.nameValuePair "${node.name}.${attribute}" true) (
        concatMap (def: tree.mayDefine def.value) found
      )
    );

  # Modules that changed have to define what they did in the base, or less.
  sameShape =
    key:
    !base.shapeless.${key}
    || (
      removeAttrs again.${key}.defined (attrNames base.definitions.${key}) == { }
      && lib.all (
        name:
        removeAttrs (touchedInside base.root.children.system.children.build again.${key}.defined.${name}) (
          attrNames (touchedInside base.root.children.system.children.build base.definitions.${key}.${name})
        ) == { }
      ) (filter (name: name == "system.build") (attrNames again.${key}.defined))
    );
  checked =
    if any (module: module.disabledModules != [ ]) own then
      unshared "it disables modules"
    else if any (module: base.files ? ${module.key}) own then
      unshared "it imports a module of the base"
    else if any (module: module.options ? _module) declaring then
      unshared "it declares options of the module system"
    else if top.unmatched then
      unshared "it defines what no option takes"
    else if
      !lib.all sameShape (lib.attrValues (intersectAttrs allChanged base.definers))
    then
      unshared "a module of the base defines other options than before"
    else
      null;
in
builtins.seq checked {
  inherit config options;
  inherit (arguments) pkgs;
  # Options, by name, whose values may differ from the base's; and how they do.
  differing = lib.foldl' (all: part: all // base.made.${part} or { }) (lib.filterAttrs (_: changes: changes) top.touched) (
    attrNames allChanged
  );
  stateOf = path: lib.foldl' (one: attribute: one.below.${attribute}) top path;
}
