# What follows from a subject's options: each is given another value that it would accept, and what the subject then
# defines is held against what it defines as it is.
{
  lib,
  index,
  # The machine, and what it was made of: see ./system.nix.
  system,
  # Where the subject's options are.
  option,
  # { perturbations, definitions }: the names of those that abort an evaluation.
  without,
}:

let
  samples = import ./samples.nix { inherit lib; inherit (system) pkgs; };
  evaluated =
    given:
    import ./definitions.nix (
      {
        inherit lib index;
        inherit (system) config options;
        arguments = system._module.args // system._module.specialArgs;
        without = without.definitions;
      }
      // given
    );
  definitions =
    changes:
    evaluated {
      modules = system.given ++ map (change: { config = lib.setAttrByPath change.loc (lib.mkOverride 40 change.value); }) changes;
    };
  base = definitions [ ];
  itself = evaluated {
    modules = system.own;
    replaces = false;
  };
  alone = itself.given;
  # The module alone, switched off: what it then still defines, but for what says no more than the default.
  switch = option ++ [ "enable" ];
  hasSwitch = lib.isOption (lib.attrByPath switch { } itself.declared);
  off = evaluated {
    modules = system.own ++ [ { config = lib.setAttrByPath switch (lib.mkForce false); } ];
  };
  saysSomething =
    name: value:
    let
      known = lib.attrByPath (lib.splitString "." name) { } system.options;
      usual = builtins.tryEval (lib.isOption known && known ? default && known.default == value);
    in
    # Where all definitions are held back there is no value: it throws.
    !(lib.elem value [ null [ ] { } "" "«throws»" ]) && !(usual.success && usual.value) && (value != false || lib.isOption known);
  unrelated = {
    pname = "unrelated-program";
    name = "unrelated-program-1.0";
    version = "1.0";
    meta = {
      license = {
        free = false;
        shortName = "unfree";
      };
    };
  };
  asIs = base.defined;

  # What a change comes to: the definitions, or null where it throws.
  after =
    changes:
    let
      name = "rknn-perturbation-${index}-${lib.concatMapStringsSep "+" (change: change.name) changes}-";
      defined = (definitions changes).defined;
      tried = builtins.tryEval (builtins.addErrorContext name (builtins.deepSeq defined defined));
    in
    if without.perturbations ? ${name} || !tried.success then null else tried.value;
  # The paths that differ, but for the option itself and what lies below it.
  differing =
    change: one: other:
    if one == null || other == null then
      lib.optional (one != other) "an error"
    else
      lib.filter (path: one.${path} or null != other.${path} or null && !below change.path path) (
        lib.attrNames (one // other)
      );
  below = path: name: name == path || lib.hasPrefix "${path}." name;

  declared = lib.filter (
    one: !(one.readOnly or false) && !(one.internal or false) && one.visible or true != false && !(isAlias one)
  ) (lib.collect lib.isOption base.declared);
  # Another name of an option, as lib.mkAliasOptionModule makes it: what it sets is that option.
  isAlias = one: lib.isString (one.description or null) && lib.hasPrefix "Alias of" one.description;
  # What switches the subject on is left alone.
  subjects = lib.filter (one: one.loc != option ++ [ "enable" ]) declared;
  valuesOf =
    one:
    let
      tried = builtins.tryEval (forced one.value);
    in
    lib.optional (tried.success && tried.value) one.value;
  # True once a value is known whole, as far as it is data: packages lead to all of nixpkgs, and so do package sets.
  forced =
    value:
    if lib.isList value then
      lib.all forced value
    else if lib.isAttrs value && !(value ? type && value.type == "derivation") && !(value ? callPackage) then
      lib.all (name: forced value.${name}) (lib.attrNames value)
    else
      builtins.seq value true;
  changesOf =
    one:
    lib.imap0 (number: value: {
      inherit (one) loc;
      inherit value;
      path = lib.showOption one.loc;
      name = "${lib.showOption one.loc}@${toString number}";
    }) (samples.others one.type (valuesOf one));

  tried = map (
    one:
    let
      changes = changesOf one;
    in
    {
      inherit one changes;
      effect = lib.findFirst (found: found.paths != [ ]) null (
        map (change: {
          inherit change;
          paths = differing change asIs (after [ change ]);
        }) changes
      );
    }
  ) subjects;
  # Other settings, in which an option may act that does not act in these: one acting option changed, or all of them.
  acting = lib.filter (one: one.effect != null) tried;
  contexts = lib.take 12 (map (one: [ one.effect.change ]) acting) ++ lib.optional (lib.length acting > 1) switchedOn;
  switchedOn = map (one: lib.head (lib.filter (change: change.value == true) one.changes ++ [ one.effect.change ])) acting;
  elsewhere =
    change: context:
    lib.all (other: other.path != change.path) context
    && (
      let
        before = after context;
      in
      before != null && differing change before (after (context ++ [ change ])) != [ ]
    );
  described =
    {
      one,
      changes,
      effect,
    }:
    {
      path = lib.showOption one.loc;
      acts =
        if changes == [ ] then
          "unknown"
        else if effect != null then
          "yes"
        else if lib.any (change: lib.any (elsewhere change) contexts) changes then
          "yes"
        else
          "no";
      follows = if effect == null then [ ] else lib.take 5 effect.paths;
      has_value = one ? default || valuesOf one != [ ];
      collisions = collisionsOf one;
    };

  # The options of each of several things: one thing is made, and then one of its options changed.
  inside =
    one:
    let
      many = {
        attrsOf = value: { rknn-one = value; };
        lazyAttrsOf = many.attrsOf;
        listOf = lib.singleton;
      };
      element = (samples.nested one.type).elemType or { };
      wrap = many.${one.type.name or ""} or null;
      options = lib.filterAttrs (
        name: inner:
        !(lib.elem name [ "_module" "enable" "name" ])
        && lib.isOption inner
        && !(inner.readOnly or false)
        && !(inner.internal or false)
        && inner.visible or true == true
      ) all;
      all = element.getSubOptions [ ];
      start = lib.head (samples.some element) // lib.optionalAttrs (all ? enable) { enable = true; };
      thing = name: value: {
        inherit (one) loc;
        path = lib.showOption one.loc;
        name = "${lib.showOption one.loc}@${name}";
        value = wrap value;
      };
      usual = after [ (thing "" start) ];
      whole = inner: lib.optional (inner ? default && (builtins.tryEval (forced inner.default)).success) inner.default;
      acts =
        name: inner:
        lib.any (value: differing (thing "" start) usual (after [ (thing name (start // { ${name} = value; })) ]) != [ ]) (
          samples.others inner.type (whole inner)
        );
    in
    if wrap == null || element.name or "" != "submodule" || usual == null then
      [ ]
    else
      lib.mapAttrsToList (name: inner: {
        path = "${lib.showOption one.loc}.*.${name}";
        acts = if acts name inner then "yes" else "no";
        follows = [ ];
        has_value = true;
        collisions = null;
      }) options;

  # Two instances of what a set of sets or values lists: what each comes to alone and both together.
  collisionsOf =
    one:
    let
      element = (samples.nested one.type).elemType or null;
      isMany = lib.elem (one.type.name or "") [
        "attrsOf"
        "lazyAttrsOf"
      ];
      given = definitionOf one;
      values = if given != { } then lib.attrValues given else samples.several element;
      value = number: lib.elemAt values (lib.min number (lib.length values - 1));
      set = names: {
        inherit (one) loc;
        path = lib.showOption one.loc;
        name = "${lib.showOption one.loc}@${lib.concatStringsSep "," (lib.attrNames names)}";
        value = names;
      };
      none = after [ (set { }) ];
      a = after [ (set { rknn-one = value 0; }) ];
      b = after [ (set { rknn-two = value 1; }) ];
      both = after [
        (set {
          rknn-one = value 0;
          rknn-two = value 1;
        })
      ];
      # One instance may well be the default that a single setting names; things of their own are made for each.
      isThing =
        path: lib.any (name: lib.hasPrefix name path) [
          "systemd."
          "environment.etc."
          "users."
          "virtualisation."
        ];
      others = lib.filterAttrs (path: _: !below (lib.showOption one.loc) path);
      isLost = others both == others a || others both == others b;
      lost =
        path:
        !below (lib.showOption one.loc) path
        && (isLost || isThing path)
        && a ? ${path}
        && b ? ${path}
        && a.${path} != b.${path}
        # Each of them says something there.
        && none != null
        && a.${path} != none.${path} or null
        && b.${path} != none.${path} or null
        && (both.${path} or null == a.${path} || both.${path} or null == b.${path});
    in
    # Null where it was not tried, or an instance alone does not evaluate.
    if !isMany || values == [ ] || a == null || b == null then
      null
    else if both == null then
      [ "an error" ]
    else
      lib.filter lost (lib.attrNames a);
  # As it was written: values that were merged have every default in them.
  definitionOf =
    one:
    let
      found = builtins.tryEval (lib.foldl' (all: value: if lib.isAttrs value then all // value else all) { } (one.definitions or [ ]));
    in
    if found.success && !(found.value ? _type) then found.value else { };
in
{
  options = map described tried ++ lib.concatMap inside subjects;
  # Predicates of nixpkgs that accept a package which has nothing to do with the subject.
  lets_everything_in = lib.filter (
    name:
    let
      accepts = (alone.nixpkgs.config or { }).${name} or (_: false);
      asked = builtins.tryEval (lib.isFunction accepts && accepts unrelated);
    in
    without.definitions == { } && asked.success && asked.value
  ) [
    "allowUnfreePredicate"
    "allowInsecurePredicate"
    "allowBrokenPredicate"
  ];
  # By the module alone: the scenario's own settings, and what is imported beside it, are the machine's.
  definitions =
    itself.foreign;
  switched_off = if hasSwitch then lib.filterAttrs saysSomething off.foreign else { };
}
