# Options that list instances, such as an attribute set of submodules: whether the options of an instance have an
# effect, and whether two instances get in each other's way.
{
  lib,
  samples,
  # See effects.nix.
  after,
  below,
  differing,
  forced,
}:

let
  # The options of each instance: one instance is defined, and then one of its options changed.
  options =
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
        !(lib.elem name [
          "_module"
          "enable"
          "name"
        ])
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
      default =
        inner:
        lib.optional (
          inner ? default && (builtins.tryEval (forced inner.default)).success
        ) inner.default;
      isEffective =
        name: value:
        differing (thing "" start) usual (after [ (thing name (start // { ${name} = value; })) ]) != [ ];
      acts = name: inner: lib.any (isEffective name) (samples.others inner.type (default inner));
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

  # The paths where one of two instances takes the place of the other: each is defined alone, and then both.
  collisions =
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
      # Two instances may share a setting, one of them being its default; units, files and accounts are made for each.
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
        # Each of them defines something there.
        && none != null
        && a.${path} != none.${path} or null
        && b.${path} != none.${path} or null
        && (both.${path} or null == a.${path} || both.${path} or null == b.${path});
    in
    # Null where it was not tried, or where one instance alone does not evaluate.
    if !isMany || values == [ ] || a == null || b == null then
      null
    else if both == null then
      [ "an error" ]
    else
      lib.filter lost (lib.attrNames a);
  # As the subject wrote it: merged values have all defaults in them.
  definitionOf =
    one:
    let
      sets = lib.filter lib.isAttrs (one.definitions or [ ]);
      found = builtins.tryEval (lib.foldl' (all: value: all // value) { } sets);
    in
    if found.success && !(found.value ? _type) then found.value else { };
in
{
  inherit collisions options;
}
