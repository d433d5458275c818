# Strings: trimming, numbers, versions, flags for build systems, closeness.
{ lib }:
let
  inherit (builtins)
    concatStringsSep
    elemAt
    head
    isString
    match
    stringLength
    substring
    ;
in
rec {
  trim = trimWith {
    start = true;
    end = true;
  };
  trimWith =
    {
      start ? false,
      end ? false,
    }:
    text:
    let
      blank = " \t\r\n";
      found =
        if start && end then
          match "[${blank}]*(.*[^${blank}])[${blank}]*" text
        else if start then
          match "[${blank}]*([^${blank}].*)" text
        else if end then
          match "(.*[^${blank}])[${blank}]*" text
        else
          [ text ];
    in
    lib.addContextFrom text (if found == null then "" else head found);
  levenshtein =
    left: right:
    let
      sizeLeft = stringLength left;
      sizeRight = stringLength right;
      row =
        n:
        if n == 0 then
          lib.range 0 sizeRight
        else
          let
            above = elemAt rows (n - 1);
          in
          builtins.foldl' (
            done: m:
            done
            ++ [
              (lib.min (lib.min (elemAt done (m - 1) + 1) (elemAt above m + 1)) (
                elemAt above (m - 1) + (if substring (n - 1) 1 left == substring (m - 1) 1 right then 0 else 1)
              ))
            ]
          ) [ n ] (lib.range 1 sizeRight);
      rows = lib.genList row (sizeLeft + 1);
    in
    elemAt (elemAt rows sizeLeft) sizeRight;
  levenshteinAtMost =
    limit: left: right:
    levenshtein left right <= limit;
  commonPrefixLength =
    left: right:
    let
      most = lib.min (stringLength left) (stringLength right);
      go = n: if n >= most || substring n 1 left != substring n 1 right then n else go (n + 1);
    in
    go 0;
  commonSuffixLength =
    left: right:
    let
      sizeLeft = stringLength left;
      sizeRight = stringLength right;
      most = lib.min sizeLeft sizeRight;
      at = text: size: n: substring (size - n - 1) 1 text;
      go = n: if n >= most || at left sizeLeft n != at right sizeRight n then n else go (n + 1);
    in
    go 0;

  # Versions.
  versionOlder = left: right: builtins.compareVersions right left == 1;
  versionAtLeast = left: right: !versionOlder left right;
  getName =
    package:
    if isString package then
      (builtins.parseDrvName package).name
    else
      package.pname or (builtins.parseDrvName package.name).name;
  getVersion =
    package:
    if isString package then
      (builtins.parseDrvName package).version
    else
      package.version or (builtins.parseDrvName package.name).version;
  nameFromURL =
    url: separator:
    let
      file = lib.last (lib.splitString "/" url);
      name = head (lib.splitString separator file);
    in
    assert name != file;
    name;

  # Flags for build systems.
  cmakeOptionType =
    type: feature: value:
    assert lib.elem (lib.toUpper type) [
      "BOOL"
      "FILEPATH"
      "PATH"
      "STRING"
      "INTERNAL"
      "LIST"
    ];
    "-D${feature}:${lib.toUpper type}=${value}";
  cmakeBool = feature: on: cmakeOptionType "bool" feature (lib.toUpper (lib.boolToString on));
  cmakeFeature = cmakeOptionType "string";
  mesonOption = feature: value: "-D${feature}=${value}";
  mesonBool = feature: on: mesonOption feature (lib.boolToString on);
  mesonEnable = feature: on: mesonOption feature (if on then "enabled" else "disabled");
  enableFeature = on: feature: "--${if on then "enable" else "disable"}-${feature}";
  enableFeatureAs = on: feature: value: enableFeature on feature + lib.optionalString on "=${value}";
  withFeature = on: feature: "--${if on then "with" else "without"}-${feature}";
  withFeatureAs = on: feature: value: withFeature on feature + lib.optionalString on "=${value}";

  # Numbers.
  floatToString =
    number:
    let
      text = toString number;
      precise = builtins.toJSON number;
    in
    lib.warnIf (text != precise && builtins.fromJSON text != number) "Imprecise conversion from float to string ${text}" text;
  toInt =
    text:
    let
      found = match "[ \t\n\r]*(-?[0-9]+)[ \t\n\r]*" text;
      digits = head found;
    in
    if found == null then
      throw "toInt: Could not convert ${lib.escapeNixString text} to int."
    else if match "-?0[0-9]+" digits != null then
      throw "toInt: Ambiguity in interpretation of ${lib.escapeNixString text} between octal and zero padded integer."
    else
      builtins.fromJSON digits;
  toIntBase10 =
    text:
    let
      found = match "[ \t\n\r]*0*(-?[0-9]+)[ \t\n\r]*" text;
    in
    if found == null then
      throw "toIntBase10: Could not convert ${lib.escapeNixString text} to int."
    else
      let
        digits = match "0*([0-9]+)" (head found);
      in
      builtins.fromJSON (if digits == null then head found else if head digits == "" then "0" else head digits);

  # Names and paths.
  sanitizeDerivationName =
    name:
    let
      text = builtins.unsafeDiscardStringContext (toString name);
      undotted = head (match "\\.*(.*)" text);
      clean = concatStringsSep "" (
        map (part: if isString part then part else "-") (builtins.split "[^[:alnum:]+._?=-]+" undotted)
      );
      short = lib.substring (lib.max (stringLength clean - 207) 0) (-1) clean;
    in
    if short == "" then "unknown" else short;
  isStorePath =
    value:
    lib.isStringLike value
    && (
      let
        text = builtins.unsafeDiscardStringContext (toString value);
      in
      lib.substring 0 1 text == "/" && dirOf text == builtins.storeDir
    );
  readPathsFromFile =
    root: file:
    let
      lines = lib.splitString "\n" (builtins.readFile file);
      clean = lib.filter (line: line != "" && !lib.hasPrefix "#" line) (map (lib.removeSuffix "\r") lines);
    in
    map (line: root + "/${line}") clean;
  fileContents = file: lib.removeSuffix "\n" (builtins.readFile file);
  escapeQuery = lib.escapeURL;
}
