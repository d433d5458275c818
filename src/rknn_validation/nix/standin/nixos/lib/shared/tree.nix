# The base machine's options as a tree: what is declared and defined of each, by which module, and its value.
{
  lib,
  # Parts of modules that depend on a configuration (see base.nix); only the base's tree needs them.
  parts ? { },
}:
let
  inherit (builtins)
    concatLists
    concatMap
    filter
    head
    length
    map
    mapAttrs
    zipAttrsWith
    ;
  group = zipAttrsWith (_: found: found);
  inner =
    defs:
    concatMap (
      def: map (value: def // { inherit value; }) (lib.pushDownProperties def.value)
    ) defs;
  name' = lib.concatStringsSep ".";

  # Conditions are looked through, not asked: which attributes a definition may have.
  mayDefine =
    value:
    let
      type = value._type or "";
    in
    if type == "if" || type == "override" || type == "order" then
      mayDefine value.content
    else if type == "merge" then
      concatMap mayDefine value.contents
    else
      lib.attrNames value;
in
rec {
  inherit inner mayDefine;

  # `modules`: what declares at this place, { key, _file, options }; `defs`: { key, file, value }.
  level =
    prefix: modules: defs:
    let
      declared = group (
        map (
          module: mapAttrs (_: decl: decl // { inherit (module) key; }) (lib.declarationsByName prefix module)
        ) modules
      );
      defined = group (
        map (
          def: mapAttrs (_: found: found // { inherit (def) key; }) (lib.definitionsByName prefix def)
        ) defs
      );
      isPlace = lib.any (child: child.isPlace) (lib.attrValues children);
      levels = filter (child: !child ? isLeaf) (lib.attrValues children);
      children = mapAttrs (
        attribute: decls:
        let
          loc = prefix ++ [ attribute ];
          found = defined.${attribute} or [ ];
        in
        if lib.any (decl: lib.isOption decl.options) decls then
          leaf loc decls found
        else
          level loc (map (decl: { inherit (decl) _file key options; }) decls) (inner found)
      ) declared;
    in
    rec {
      inherit prefix children isPlace;
      name = name' prefix;
      options = mapAttrs (_: child: child.options) children;
      values = mapAttrs (_: child: child.values) children;
      # Definitions that no option takes.
      undeclared =
        map (attribute: name' (prefix ++ [ attribute ])) (
          lib.attrNames (removeAttrs defined (lib.attrNames declared))
        )
        ++ concatMap (child: child.undeclared) levels;
      # An option that a request adds here, and all that is below.
      reached = [
        {
          top = head prefix;
          name = "${name' prefix}.";
          makers = [ ];
        }
      ]
      ++ concatMap (child: child.reached) (lib.attrValues children);
      leaves = concatMap (child: child.leaves or [ child ]) (lib.attrValues children);
      unchanged = {
        below = mapAttrs (_: child: child.unchanged) children;
        inherit options values;
        unmatched = false;
        touched = { };
      };
    };

  discharged = concatMap (
    def:
    if def.value ? _type then
      map (value: {
        inherit (def) file;
        inherit value;
      }) (lib.dischargeProperties def.value)
    else
      [ { inherit (def) file value; } ]
  );

  # A module's definitions at the top, but for those of the module system itself.
  top =
    module:
    map (value: {
      file = module._file;
      value = removeAttrs value [ "_module" ];
    }) (lib.pushDownProperties module.config);
  # The same by the names of the options they lead to.
  flat =
    node: found:
    lib.listToAttrs (
      concatLists (lib.attrValues (mapAttrs (flatten node) (group (map (lib.definitionsByName node.prefix) found))))
    );
  flatten =
    node: attribute: found:
    let
      child = node.children.${attribute} or (throw "not to be shared: a module of the base defines no option");
    in
    if child ? isLeaf then
      [
        {
          inherit (child) name;
          value = found;
        }
      ]
    else
      concatLists (
        lib.attrValues (
          mapAttrs (flatten child) (group (map (lib.definitionsByName child.prefix) (inner found)))
        )
      );

  # An option. `evaluate`: from its declarations and definitions to what `options` holds of it.
  leaf =
    loc: decls: defs:
    let
      keys =
        list: if length list < 2 then map (one: one.key) list else lib.unique (map (one: one.key) list);
      isSingle = length decls == 1;
      option = if isSingle then (head decls).once // { inherit loc; } else lib.mergeOptionDecls loc decls;
      isMixed = !lib.all (decl: lib.isOption decl.options) decls;
      declaredBy = keys decls;
      definedBy = keys defs;
      isOpen = loc == [ "system" "build" ];
      makers = {
        declares = filter (key: parts ? "${key} declares") declaredBy;
        defines = filter (key: parts ? "${key} defines") definedBy;
      };
      declarers = map (key: { key = "${key} declares"; }) declaredBy;
      definers = map (key: {
        key = "${key} defines";
      });
      reach = name: makers: {
        top = head loc;
        inherit name makers;
      };
      # Each module's definitions as they are once conditions are decided.
      plainIn = mapAttrs (_: discharged) (builtins.groupBy (def: def.key) defs);
      raw = lib.evalOptionValue loc (removeAttrs option [ "apply" ]) defs;
      evaluated = if isMixed then (lib.mergeNames loc decls defs).matchedOptions else applied option raw;
    in
    {
      isLeaf = true;
      inherit
        loc
        decls
        defs
        option
        isMixed
        ;
      name = name' loc;
      inherit declaredBy definedBy;
      # Modules that may declare or define it anew, and whether there are any.
      inherit makers;
      isPlace = makers.declares != [ ] || makers.defines != [ ];
      definedIn = builtins.groupBy (def: def.key) defs;
      inherit plainIn;
      # Whether the definitions have neither priorities nor orders.
      isPlain =
        plainIn != { }
        && lib.all (lib.all (def: !(def.value ? _type))) (lib.attrValues plainIn)
        && lib.any (found: found != [ ]) (lib.attrValues plainIn);
      options = evaluated;
      values = evaluated.value;
      raw = raw.value;
      # Read by the names of its attributes: what one of them depends on is not what the others do.
      inherit isOpen;
      reached = [ (reach (name' loc) (declarers ++ definers definedBy)) ];
      asked = reach "${name' loc}?" (definers definedBy);
      reachedInside =
        attribute:
        [
          (reach "${name' loc}:" declarers)
          (reach "${name' loc}.${attribute}" (
            definers (
              filter (
                key: lib.any (def: def.key == key && lib.elem attribute (mayDefine def.value)) defs
              ) definedBy
            )
          ))
        ];
      # The names under which others read what a part makes of it: { part, name } of each.
      makes =
        concatMap (
          one:
          map (name: {
            part = one.key;
            inherit name;
          }) ([ (name' loc) ] ++ lib.optional isOpen "${name' loc}:")
        ) declarers
        ++ concatMap (
          key:
          map
            (name: {
              part = "${key} defines";
              inherit name;
            })
            (
              [
                (name' loc)
                "${name' loc}?"
              ]
              ++ lib.optionals isOpen (
                map (attribute: "${name' loc}.${attribute}") (
                  concatMap (def: if def.key == key then mayDefine def.value else [ ]) defs
                )
              )
            )
        ) definedBy;
      # What a request has of it that changes nothing of it.
      unchanged = {
        options = evaluated;
        values = evaluated.value;
        unmatched = false;
        touched = { };
      };
    };
  applied =
    option: raw:
    if option ? apply then
      raw
      // {
        inherit (option) apply;
        value = builtins.addErrorContext "while evaluating the option `${lib.showOption option.loc}':" (
          option.apply raw.value
        );
      }
    else
      raw;

  # What a path leads to: { top, name, makers } of each, the parts that make it.
  find =
    node: path:
    if path == [ ] then
      node.reached
    else if !node ? isLeaf then
      find node.children.${head path} (lib.tail path)
    else if node.isOpen then
      node.reachedInside (head path)
    else
      node.reached;
  # The same of options whose definitions are asked for, not their values.
  findAsked =
    node: path:
    if node ? isLeaf then
      [ node.asked ]
    else if path == [ ] then
      concatMap (child: findAsked child [ ]) (lib.attrValues node.children)
    else
      findAsked node.children.${head path} (lib.tail path);
}
