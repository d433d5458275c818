# Command lines out of attribute sets.
{ lib }:
rec {
  toGNUCommandLineShell = settings: attrs: lib.escapeShellArgs (toGNUCommandLine settings attrs);
  toGNUCommandLine =
    {
      mkOptionName ? name: if builtins.stringLength name == 1 then "-${name}" else "--${name}",
      mkBool ? name: value: lib.optional value (mkOptionName name),
      mkList ? name: values: lib.concatMap (mkOption name) values,
      mkOption ?
        name: value:
        if value == null then
          [ ]
        else if optionValueSeparator == null then
          [
            (mkOptionName name)
            (lib.generators.mkValueStringDefault { } value)
          ]
        else
          [ "${mkOptionName name}${optionValueSeparator}${lib.generators.mkValueStringDefault { } value}" ],
      optionValueSeparator ? null,
    }:
    attrs:
    lib.concatLists (
      lib.mapAttrsToList (
        name: value:
        if builtins.isBool value then
          mkBool name value
        else if builtins.isList value then
          mkList name value
        else
          mkOption name value
      ) attrs
    );
}
