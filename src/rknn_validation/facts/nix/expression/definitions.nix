# What modules define, option by option, whether or not anything declares these options.
#
# The modules are evaluated by themselves: only their own options are declared, and what they define of other options is
# merged untyped. They read the `config` of the whole machine, in which their own options have the values that they have
# here. So one more evaluation costs no more than these modules alone.
{
  lib,
  modules,
  # The machine's.
  config,
  options,
  # Further arguments of its modules.
  arguments,
  # Paths of definitions that cannot be evaluated.
  without,
  index,
  # Whether the modules read their own options' values from this evaluation, or from the machine's.
  replaces ? true,
}:

let
  # Several definitions of a list or a text are joined, as the types of NixOS's options do. lib.types.anything throws
  # for them, and no change to one of them would be seen.
  untyped = lib.mkOptionType {
    name = "untyped";
    merge =
      place: defs:
      let
        values = map (one: one.value) defs;
        isSet = one: lib.isAttrs one && !lib.isDerivation one && !(one ? outPath || one ? __toString);
      in
      if lib.all lib.isList values then
        lib.concatLists values
      else if lib.all lib.isString values then
        lib.concatStringsSep "\n" (lib.unique values)
      else if lib.all isSet values then
        (lib.types.attrsOf untyped).merge place defs
      else
        lib.types.anything.merge place defs;
  };
  alone = lib.evalModules {
    modules = modules ++ [
      {
        _module.freeformType = lib.types.lazyAttrsOf untyped;
        _module.check = false;
      }
    ];
    specialArgs = arguments // {
      inherit options;
      config = if replaces then lib.recursiveUpdateUntil isDeclared config own else config;
    };
  };
  declared = removeAttrs alone.options [ "_module" ];
  isDeclared =
    path: _: _:
    lib.isOption (lib.attrByPath path { } declared);
  own = lib.mapAttrsRecursiveCond (one: !lib.isOption one) (_: one: one.value) declared;

  orElse =
    otherwise: value:
    let
      tried = builtins.tryEval value;
    in
    if tried.success then tried.value else otherwise;
  plain = import ./plain.nix {
    inherit lib;
    derivation = value: builtins.unsafeDiscardStringContext "${value}";
    packageSet = value: "«package set» ${orElse "" (plain (value.kernel or ""))}";
  };
  # One entry for each value that is no set.
  flat =
    path: value:
    let
      name = lib.concatStringsSep "." path;
      marked = builtins.addErrorContext "rknn-definition-${index}-${name}-" value;
      isSet = orElse false (lib.isAttrs marked && !lib.isDerivation marked && !(marked ? callPackage));
      data = plain marked;
    in
    if without ? ${name} then
      [ ]
    else if isSet then
      lib.concatMap (inner: flat (path ++ [ inner ]) marked.${inner}) (lib.attrNames marked)
    else
      [
        {
          inherit name;
          value = orElse "«throws»" (builtins.deepSeq data data);
        }
      ];
  # Nobody reads the message of an assertion that holds.
  broken = one: if one.assertion or true then { } else one;
  given = removeAttrs alone.config [ "_module" ];
in
rec {
  inherit declared given;
  # Definitions of options that others declare.
  foreign = lib.filterAttrs (name: _: !lib.any (path: lib.hasPrefix path name) paths) defined;
  paths = map (one: lib.showOption one.loc) (lib.collect lib.isOption declared);
  defined = lib.listToAttrs (
    flat [ ] (
      given
      // lib.optionalAttrs (given ? assertions) {
        assertions = lib.filter (one: one != { }) (map broken given.assertions);
      }
    )
  );
}
