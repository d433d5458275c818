# Declaring options, showing them, and the merge functions types are made of.
{ lib }:
let
  inherit (builtins)
    concatLists
    concatMap
    concatStringsSep
    elem
    filter
    foldl'
    head
    isAttrs
    isBool
    isInt
    isList
    isString
    length
    map
    tail
    ;
  values = map (def: def.value);
in
rec {
  isOption = value: isAttrs value && value._type or null == "option";
  mkOption =
    {
      default ? null,
      defaultText ? null,
      example ? null,
      description ? null,
      relatedPackages ? null,
      type ? null,
      apply ? null,
      internal ? null,
      visible ? null,
      readOnly ? null,
    }@attrs:
    attrs // { _type = "option"; };
  mkEnableOption =
    name:
    mkOption {
      default = false;
      example = true;
      description = "Whether to enable ${name}.";
      type = lib.types.bool;
    };
  mkPackageOption =
    pkgs: name:
    {
      nullable ? false,
      default ? name,
      example ? null,
      extraDescription ? "",
      pkgsText ? "pkgs",
    }:
    let
      names = lib.toList name;
      path = if default == null then null else lib.toList default;
      shown = if default == null then null else "${pkgsText}.${lib.concatMapStringsSep "." lib.escapeNixIdentifier path}";
    in
    mkOption (
      {
        type = if nullable then lib.types.nullOr lib.types.package else lib.types.package;
        description = "The ${lib.last names} package to use." + (if extraDescription == "" then "" else " ") + extraDescription;
      }
      // lib.optionalAttrs (default != null) {
        default = lib.attrByPath path (throw "${lib.concatStringsSep "." path} cannot be found in ${pkgsText}") pkgs;
        defaultText = literalExpression shown;
      }
      // lib.optionalAttrs (nullable && default == null) { default = null; }
      // lib.optionalAttrs (example != null) {
        example = literalExpression (
          if isList example then "${pkgsText}.${lib.concatMapStringsSep "." lib.escapeNixIdentifier example}" else example
        );
      }
    );
  mkPackageOptionMD = mkPackageOption;
  mkEnableOptionMD = mkEnableOption;
  mkSinkUndeclaredOptions =
    attrs:
    mkOption (
      {
        internal = true;
        visible = false;
        default = false;
        description = "Sink for option definitions.";
        type = lib.mkOptionType {
          name = "sink";
          check = _: true;
          merge = _: _: false;
        };
        apply = _: throw "Option value is not readable because the option is not declared.";
      }
      // attrs
    );

  # Merge functions take the option's path and definitions as { file, value }.
  mergeDefaultOption =
    loc: defs:
    let
      list = values defs;
    in
    if length list == 1 then
      head list
    else if lib.all lib.isFunction list then
      argument: mergeDefaultOption loc (map (def: def // { value = def.value argument; }) defs)
    else if lib.all isList list then
      concatLists list
    else if lib.all isAttrs list then
      foldl' lib.mergeAttrs { } list
    else if lib.all isBool list then
      foldl' lib.or false list
    else if lib.all isString list then
      lib.concatStrings list
    else if lib.all isInt list && lib.all (x: x == head list) list then
      head list
    else
      throw "Cannot merge definitions of `${showOption loc}'. Definition values:${showDefs defs}";
  mergeOneOption = mergeUniqueOption { message = ""; };
  mergeUniqueOption =
    {
      message,
      merge ? null,
    }:
    loc: defs:
    if length defs == 1 then
      if merge == null then (head defs).value else merge loc defs
    else
      throw "The option `${showOption loc}' is defined multiple times while it's expected to be unique.\n${message}\nDefinition values:${showDefs defs}\n${priorityHint}";
  mergeEqualOption =
    loc: defs:
    if defs == [ ] then
      abort "This case should never happen."
    else if length defs == 1 then
      (head defs).value
    else
      (foldl' (
        first: def:
        if def.value != first.value then
          throw "The option `${showOption loc}' has conflicting definition values:${
            showDefs [
              first
              def
            ]
          }\n${priorityHint}"
        else
          first
      ) (head defs) (tail defs)).value;
  priorityHint = "Use `lib.mkForce value` or `lib.mkDefault value` to change the priority on any of these definitions.";
  getValues = values;
  getFiles = map (def: def.file);

  # Text for messages.
  showOption =
    path:
    let
      placeholder =
        part:
        if
          elem part [
            "<name>"
            "*"
            "<function body>"
          ]
        then
          part
        else if builtins.match "<[a-zA-Z]+>" part != null then
          part
        else
          lib.escapeNixIdentifier part;
    in
    concatStringsSep "." (map placeholder path);
  showFiles = files: concatStringsSep " and " (map (file: "`${toString file}'") files);
  showDefs =
    defs:
    lib.concatMapStrings (
      def:
      let
        text = lib.generators.toPretty { allowPrettyValues = true; } (
          lib.generators.withRecursion {
            depthLimit = 10;
            throwOnDepthLimit = false;
          } def.value
        );
        tried = builtins.tryEval text;
        lines = lib.splitString "\n" tried.value;
        shown = concatStringsSep "\n    " (lib.take 5 lines ++ lib.optional (length lines > 5) "...");
      in
      "\n- In `${toString def.file}'${if !tried.success then "" else if length lines > 1 then ":\n    ${shown}" else ": ${shown}"}"
    ) defs;
  showOptionWithDefLocs = option: ''
    ${showOption option.loc}, with values defined in:
    ${lib.concatMapStringsSep "\n" (file: "  - ${toString file}") option.files}
  '';
  unknownModule = "<unknown-file>";

  # Documentation values.
  literalExpression =
    text:
    if isString text then
      {
        _type = "literalExpression";
        inherit text;
      }
    else
      throw "literalExpression expects a string.";
  literalExample = literalExpression;
  literalMD =
    text:
    if isString text then
      {
        _type = "literalMD";
        inherit text;
      }
    else
      throw "literalMD expects a string.";
  literalDocBook = literalMD;
  mdDoc = lib.id;
  docbookText = lib.id;
  renderOptionValue =
    value:
    if value ? _type && value ? text then
      value
    else
      literalExpression (
        lib.generators.toPretty {
          multiline = true;
          allowPrettyValues = true;
        } value
      );
  scrubOptionValue =
    value:
    if lib.isDerivation value then
      value
      // {
        type = "derivation";
        drvPath = value.name;
        outPath = value.name;
        inherit (value) name;
      }
    else if isList value then
      map scrubOptionValue value
    else if isAttrs value then
      lib.mapAttrs (_: scrubOptionValue) (removeAttrs value [ "_args" ])
    else
      value;
  optionAttrSetToDocList = optionAttrSetToDocList' [ ];
  optionAttrSetToDocList' =
    _: options:
    concatMap (
      option:
      let
        name = showOption option.loc;
        entry = {
          inherit (option) loc;
          inherit name;
          description = option.description or null;
          declarations = filter (file: file != unknownModule) option.declarations;
          internal = option.internal or false;
          visible = if isBool (option.visible or true) then option.visible or true else option.visible == "shallow";
          readOnly = option.readOnly or false;
          type = option.type.description or "unspecified";
        }
        // lib.optionalAttrs (option ? example) { example = renderOptionValue option.example; }
        // lib.optionalAttrs (option ? defaultText || option ? default) {
          default = renderOptionValue (option.defaultText or option.default);
        }
        // lib.optionalAttrs (option.relatedPackages or null != null) { inherit (option) relatedPackages; };
        inner = option.type.getSubOptions option.loc;
        deeper = lib.optionals (inner != { } && option.visible or true != "shallow") (optionAttrSetToDocList' option.loc inner);
      in
      [ entry ] ++ deeper
    ) (lib.collect isOption options);
  optionName = option: showOption option.loc;
}
