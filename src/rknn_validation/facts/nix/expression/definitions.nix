# What modules define, option by option, whether or not anything declares these options.
#
# The modules are evaluated by themselves: nothing is declared but what they declare, and what they define of other
# options is merged as it is. What they read is the `config` of the whole machine, in which their own options have the
# values they have here. So one more definition costs no more than these modules do.
{
  lib,
  modules,
  # The machine's.
  config,
  options,
  # What its modules are given besides.
  arguments,
  # Paths of definitions that cannot be evaluated.
  without,
  index,
  # Whether what the modules read of their own options is what these have here, or what they have in the machine.
  replaces ? true,
}:

let
  alone = lib.evalModules {
    modules = modules ++ [
      {
        _module.freeformType = lib.types.lazyAttrsOf lib.types.anything;
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

  sure =
    otherwise: value:
    let
      tried = builtins.tryEval value;
    in
    if tried.success then tried.value else otherwise;
  # A package is where it will lie; what cannot be told is told as such.
  told =
    value:
    if lib.isDerivation value then
      builtins.unsafeDiscardStringContext "${value}"
    else if lib.isFunction value then
      "«function»"
    else if lib.isAttrs value then
      if value ? callPackage || value._type or null == "pkgs" then
        "«package set» ${sure "" (told (value.kernel or ""))}"
      else
        lib.mapAttrs (_: told) value
    else if lib.isList value then
      map told value
    else if builtins.isPath value then
      toString value
    else if lib.isString value then
      builtins.unsafeDiscardStringContext value
    else
      value;
  # As far down as there are sets, of options or of an option's own.
  flat =
    path: value:
    let
      name = lib.concatStringsSep "." path;
      marked = builtins.addErrorContext "rknn-definition-${index}-${name}-" value;
      isSet = sure false (lib.isAttrs marked && !lib.isDerivation marked && !(marked ? callPackage));
      data = told marked;
    in
    if without ? ${name} then
      [ ]
    else if isSet then
      lib.concatMap (inner: flat (path ++ [ inner ]) marked.${inner}) (lib.attrNames marked)
    else
      [
        {
          inherit name;
          value = sure "«throws»" (builtins.deepSeq data data);
        }
      ];
  # Of an assertion that holds nobody reads the message.
  broken = one: if one.assertion or true then { } else one;
  given = removeAttrs alone.config [ "_module" ];
in
rec {
  inherit declared given;
  # Of options that others declare.
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
