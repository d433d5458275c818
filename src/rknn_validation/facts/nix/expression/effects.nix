# Which of a subject's options have an effect: each is set to other values that its type accepts, and what the subject
# then defines is compared with what it defines otherwise.
{
  lib,
  index,
  # The machine, and what it was made of: see ./system.nix.
  system,
  # The path of the subject's options.
  option,
  # { perturbations, definitions }: the names of those that abort an evaluation.
  without,
}:

let
  samples = import ./samples.nix {
    inherit lib;
    inherit (system) pkgs;
  };
  instances = import ./instances.nix {
    inherit
      lib
      samples
      after
      below
      differing
      forced
      ;
  };
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
      modules =
        system.given
        ++ map (change: {
          config = lib.setAttrByPath change.loc (lib.mkOverride 40 change.value);
        }) changes;
    };
  base = definitions [ ];
  itself = evaluated {
    modules = system.own;
    replaces = false;
  };
  alone = itself.given;
  # What the module alone still defines when it is switched off, other than an option's default.
  switch = option ++ [ "enable" ];
  hasSwitch = lib.isOption (lib.attrByPath switch { } itself.declared);
  off = evaluated {
    modules = system.own ++ [ { config = lib.setAttrByPath switch (lib.mkForce false); } ];
  };
  isMeaningful =
    name: value:
    let
      known = lib.attrByPath (lib.splitString "." name) { } system.options;
      usual = builtins.tryEval (lib.isOption known && known ? default && known.default == value);
    in
    # An option without a default throws where mkIf drops all of its definitions.
    !(lib.elem value [
      null
      [ ]
      { }
      ""
      "«throws»"
    ])
    && !(usual.success && usual.value)
    && (value != false || lib.isOption known);
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

  # The definitions after some changes, or null where they throw.
  after =
    changes:
    let
      name = "rknn-perturbation-${index}-${lib.concatMapStringsSep "+" (change: change.name) changes}-";
      defined = (definitions changes).defined;
      tried = builtins.tryEval (builtins.addErrorContext name (builtins.deepSeq defined defined));
    in
    if without.perturbations ? ${name} || !tried.success then null else tried.value;
  # The paths that differ, except the changed option and what is below it.
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
  # Another name of an option, made by lib.mkAliasOptionModule.
  isAlias = one: lib.isString (one.description or null) && lib.hasPrefix "Alias of" one.description;
  # All but the one that switches the subject on.
  subjects = lib.filter (one: one.loc != option ++ [ "enable" ]) declared;
  valuesOf =
    one:
    let
      tried = builtins.tryEval (forced one.value);
    in
    lib.optional (tried.success && tried.value) one.value;
  # True once all of a value is evaluated, except packages and package sets, which lead to all of nixpkgs.
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
  # An option may only have an effect in another setting: with one other option changed, or with all of them.
  acting = lib.filter (one: one.effect != null) tried;
  contexts =
    lib.take 12 (map (one: [ one.effect.change ]) acting)
    ++ lib.optional (lib.length acting > 1) switchedOn;
  switchedOn = map (
    one: lib.head (lib.filter (change: change.value == true) one.changes ++ [ one.effect.change ])
  ) acting;
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
      collisions = instances.collisions one;
    };
in
{
  options = map described tried ++ lib.concatMap instances.options subjects;
  # Predicates of `nixpkgs.config` that accept a package which has nothing to do with the subject.
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
  # Those of the module alone, without the scenario's settings and other imports.
  definitions = itself.foreign;
  switched_off = if hasSwitch then lib.filterAttrs isMeaningful off.foreign else { };
}
