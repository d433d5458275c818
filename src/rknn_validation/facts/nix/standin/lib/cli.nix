# Command lines out of attribute sets.
{ lib }:
rec {
  toCommandLineShellGNU = options: attrs: lib.escapeShellArgs (toCommandLineGNU options attrs);
  toCommandLineGNU =
    {
      isLong ? name: builtins.stringLength name > 1,
      explicitBool ? false,
      formatArg ? lib.generators.mkValueStringDefault { },
    }:
    toCommandLine (name: {
      option = if isLong name then "--${name}" else "-${name}";
      sep = if isLong name then "=" else "";
      inherit explicitBool formatArg;
    });
  toCommandLineShell = optionFormat: attrs: lib.escapeShellArgs (toCommandLine optionFormat attrs);
  toCommandLine =
    optionFormat: attrs:
    lib.concatLists (
      lib.mapAttrsToList (
        name: value:
        let
          format = optionFormat name;
          show = format.formatArg or (lib.generators.mkValueStringDefault { });
          one =
            value:
            if value == null || (!format.explicitBool && value == false) then
              [ ]
            else if !format.explicitBool && value == true then
              [ format.option ]
            else if format.sep == null then
              [
                format.option
                (show value)
              ]
            else
              [ "${format.option}${format.sep}${show value}" ];
        in
        lib.concatMap one (lib.toList value)
      ) attrs
    );
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
