# The options that a subject declares, as data for OptionDeclaration (configuration.py).
{ lib, try }:

let
  inherit (import ./fits.nix { inherit lib; }) fits;
  plain = import ./plain.nix {
    inherit lib;
    derivation = value: "«derivation ${value.name or "?"}»";
    packageSet = _: "«package set»";
  };
  # Where a part of the declaration throws, the rest is still described.
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
      # What the type itself says. Null for a default that needs an option without a value.
      default_fits =
        if one ? default && one ? type then quietly null (fits one.type one.default) else null;
      # Throws for a read-only option that somebody sets. Any other may have a default that throws and that nobody
      # needs.
      is_defined = (if one.readOnly or false then try.firmly else try.quietly) true (one.isDefined or false);
      read_only = one.readOnly or false;
      visible = if lib.isBool visible then visible else true;
    };
in
{
  inherit plain;
  # The options below `path`; where `path` is empty, those that files below `root` declare.
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
