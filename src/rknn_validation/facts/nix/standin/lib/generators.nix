# Configuration file formats.
{ lib }:
rec {
  mkValueStringDefault =
    _: value:
    if builtins.isInt value || lib.isDerivation value || builtins.isString value then
      toString value
    else if value == true then
      "true"
    else if value == false then
      "false"
    else if value == null then
      "null"
    else if builtins.isFloat value then
      lib.floatToString value
    else if builtins.isList value then
      throw "generators.mkValueStringDefault: lists not supported: ${toPretty { } value}"
    else if builtins.isAttrs value then
      throw "generators.mkValueStringDefault: attrsets not supported: ${toPretty { } value}"
    else if lib.isFunction value then
      throw "generators.mkValueStringDefault: functions not supported"
    else
      throw "generators.mkValueStringDefault: this value is not supported: ${toPretty { } value}";
  mkKeyValueDefault =
    {
      mkValueString ? mkValueStringDefault { },
    }:
    separator: key: value:
    "${lib.escape [ separator ] key}${separator}${mkValueString value}";
  toKeyValue =
    {
      mkKeyValue ? mkKeyValueDefault { } "=",
      listsAsDuplicateKeys ? false,
      indent ? "",
    }:
    let
      line = key: value: indent + mkKeyValue key value + "\n";
      lines = if listsAsDuplicateKeys then key: value: map (line key) (lib.toList value) else key: value: [ (line key value) ];
    in
    attrs: lib.concatStrings (lib.concatLists (lib.mapAttrsToList lines attrs));
  toINI =
    {
      mkSectionName ? name: lib.escape [ "[" "]" ] name,
      mkKeyValue ? mkKeyValueDefault { } "=",
      listsAsDuplicateKeys ? false,
    }:
    attrs:
    lib.concatStringsSep "\n" (
      lib.mapAttrsToList (
        name: values: "[${mkSectionName name}]\n" + toKeyValue { inherit mkKeyValue listsAsDuplicateKeys; } values
      ) attrs
    );
  toINIWithGlobalSection =
    settings:
    {
      globalSection,
      sections ? { },
    }:
    (
      if globalSection == { } then
        ""
      else
        toKeyValue (builtins.intersectAttrs {
          mkKeyValue = null;
          listsAsDuplicateKeys = null;
        } settings) globalSection
        + "\n"
    )
    + toINI settings sections;
  toGitINI = toINI {
    mkKeyValue =
      let
        mkValueString =
          value: if builtins.isString value then "\"${lib.escape [ "\\" "\"" ] value}\"" else mkValueStringDefault { } value;
      in
      key: value: "\t" + mkKeyValueDefault { inherit mkValueString; } " = " key value;
  };
  toSystemdUnit = toINI {
    listsAsDuplicateKeys = true;
    mkKeyValue = mkKeyValueDefault {
      mkValueString = value: if builtins.isBool value then lib.boolToString value else toString value;
    } "=";
  };
  toJSON = _: builtins.toJSON;
  toYAML = toJSON;
  toPretty =
    {
      multiline ? true,
      allowPrettyValues ? false,
      indent ? "",
    }:
    let
      go =
        indent: value:
        let
          open = if multiline then "\n${indent}  " else " ";
          close = if multiline then "\n${indent}" else " ";
          inner = if multiline then indent + "  " else indent;
        in
        if builtins.isInt value then
          toString value
        else if builtins.isFloat value then
          builtins.toJSON value
        else if builtins.isString value then
          prettyString multiline indent value
        else if value == true then
          "true"
        else if value == false then
          "false"
        else if value == null then
          "null"
        else if builtins.isPath value then
          toString value
        else if builtins.isList value then
          if value == [ ] then "[ ]" else "[" + open + lib.concatMapStringsSep open (go inner) value + close + "]"
        else if lib.isFunction value then
          prettyFunction (lib.functionArgs value)
        else if allowPrettyValues && value ? __pretty && value ? val then
          value.__pretty value.val
        else if value == { } then
          "{ }"
        else if lib.isDerivation value then
          "<derivation ${value.name or "???"}>"
        else
          "{"
          + open
          + lib.concatStringsSep open (
            lib.mapAttrsToList (
              name: item:
              "${lib.escapeNixIdentifier name} = ${builtins.addErrorContext "while evaluating an attribute `${name}`" (go inner item)};"
            ) value
          )
          + close
          + "}";
    in
    go indent;
  prettyFunction =
    args:
    if args == { } then
      "<function>"
    else
      "<function, args: {${lib.concatStringsSep ", " (lib.mapAttrsToList (name: optional: if optional then name + "?" else name) args)}}>";
  prettyString =
    multiline: indent: text:
    let
      lines = lib.filter builtins.isString (builtins.split "\n" text);
      inner = indent + "  ";
      escapeLine = lib.replaceStrings [ "\${" "''" ] [ "''\${" "'''" ];
      single = "\"" + lib.concatStringsSep "\\n" (map (lib.replaceStrings [ "\\" "\"" "\${" ] [ "\\\\" "\\\"" "\\\${" ]) lines) + "\"";
      body = lib.concatStringsSep ("\n" + inner) (
        map escapeLine (if lib.last lines == "" then lib.init lines else lines)
      );
    in
    if multiline && lib.length lines > 1 then
      "''\n${inner}${body}" + (if lib.last lines == "" then "\n${indent}" else "") + "''"
    else
      single;
  withRecursion =
    {
      depthLimit,
      throwOnDepthLimit ? true,
    }:
    assert builtins.isInt depthLimit;
    let
      special = [
        "__functor"
        "__functionArgs"
        "__toString"
        "__pretty"
      ];
      stop =
        if throwOnDepthLimit then
          _: throw "Exceeded maximum eval-depth limit of ${toString depthLimit} while trying to evaluate with `generators.withRecursion'!"
        else
          _: "<unevaluated>";
      go =
        depth: value:
        let
          next = if depth > depthLimit then stop else go (depth + 1);
        in
        if builtins.isAttrs value then
          lib.mapAttrs (name: if lib.elem name special then lib.id else next) value
        else if builtins.isList value then
          map next value
        else
          value;
    in
    go 0;
  toLua =
    {
      multiline ? true,
      indent ? "",
      asBindings ? false,
    }@args:
    value:
    let
      inner = indent + "  ";
      open = if multiline then "\n${inner}" else " ";
      close = if multiline then "\n${indent}" else " ";
      recurse = toLua (args // { indent = inner; asBindings = false; });
      assign = lib.mapAttrsToList (
        name: item:
        if asBindings then "${name} = ${recurse item}\n" else "[${builtins.toJSON name}] = ${recurse item}"
      );
    in
    if asBindings then
      lib.concatStrings (assign value)
    else if value == null then
      "nil"
    else if builtins.isList value then
      if value == [ ] then "{}" else "{${open}${lib.concatMapStringsSep ",${open}" recurse value}${close}}"
    else if lib.isDerivation value || builtins.isPath value then
      builtins.toJSON (toString value)
    else if builtins.isAttrs value then
      if value == { } then "{}" else "{${open}${lib.concatStringsSep ",${open}" (assign value)}${close}}"
    else
      builtins.toJSON value;
  mkLuaInline = expr: {
    _type = "lua-inline";
    inherit expr;
  };
  toDconfINI = toINI { };
}
