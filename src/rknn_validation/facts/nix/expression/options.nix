# Options a subject declares -> the data OptionDeclarations are made of.
{ lib, try }:

let
  inherit (import ./fits.nix { inherit lib; }) fits;
  # Functions and derivations have no JSON; what stays says that they were there.
  plain =
    value:
    if lib.isDerivation value then
      "«derivation ${value.name or "?"}»"
    else if lib.isFunction value then
      "«function»"
    # A package set leads to itself: told in full it never ends.
    else if value ? callPackage || value._type or null == "pkgs" then
      "«package set»"
    else if lib.isAttrs value then
      lib.mapAttrs (_: plain) value
    else if lib.isList value then
      map plain value
    else if builtins.isPath value then
      toString value
    else
      value;
  # Where something in it throws, the rest is told.
  declaration =
    one:
    let
      tried = builtins.tryEval (builtins.deepSeq whole whole);
      whole = described (_: value: value) one;
    in
    if tried.success then tried.value else described try.quietly one;
  described =
    quietly: one:
    let
      description = one.description or null;
      default = one.default or null;
      visible = one.visible or true;
    in
    {
      path = lib.showOption one.loc;
      type = quietly "unknown" (one.type.description or (one.type.name or "unspecified"));
      has_default = one ? default;
      default = quietly null (if lib.isDerivation default then toString default.name else plain default);
      description = quietly null (if lib.isAttrs description then description.text or null else description);
      declared_in = map toString (one.declarations or [ ]);
      # What the type itself says; a default that needs what has no value yet is not told of.
      default_fits =
        if one ? default && one ? type then quietly null (fits one.type one.default) else null;
      # A read-only option somebody sets throws here. Any other may have a default that nobody needs and that throws.
      is_defined = (if one.readOnly or false then try.firmly else try.quietly) true (one.isDefined or false);
      read_only = one.readOnly or false;
      visible = if lib.isBool visible then visible else true;
    };
in
{
  inherit plain;
  # Those below `path`; where that is nothing, those that files below `root` declare.
  below =
    root: path: options:
    let
      isOwn = one: lib.any (file: lib.hasPrefix "${root}/" (toString file)) (one.declarations or [ ]);
      isWanted =
        one:
        one.loc != [
          "_module"
          "args"
        ]
        && (path != [ ] || isOwn one);
    in
    map declaration (lib.filter isWanted (lib.collect lib.isOption (lib.attrByPath path { } options)));
}
