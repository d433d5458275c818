# Strings: joining, testing, cutting, escaping. See strings-more.nix for the rest.
{ lib }:
let
  inherit (builtins)
    concatStringsSep
    elem
    elemAt
    filter
    genList
    isList
    isString
    length
    match
    replaceStrings
    split
    stringLength
    substring
    ;
in
rec {
  inherit (builtins)
    appendContext
    compareVersions
    concatStringsSep
    genList
    elem
    elemAt
    filter
    fromJSON
    hashString
    head
    isInt
    isList
    isAttrs
    isPath
    isString
    match
    parseDrvName
    readFile
    replaceStrings
    split
    storeDir
    stringLength
    substring
    tail
    toJSON
    typeOf
    unsafeDiscardStringContext
    ;
  concatStrings = concatStringsSep "";
  concatMapStrings = f: list: concatStrings (map f list);
  concatImapStrings = f: list: concatStrings (lib.imap1 f list);
  intersperse =
    separator: list:
    lib.drop 1 (
      lib.concatMap (x: [
        separator
        x
      ]) list
    );
  concatMapStringsSep =
    separator: f: list:
    concatStringsSep separator (map f list);
  concatImapStringsSep =
    separator: f: list:
    concatStringsSep separator (lib.imap1 f list);
  concatMapAttrsStringSep =
    separator: f: set:
    concatStringsSep separator (lib.mapAttrsToList f set);
  concatLines = concatMapStrings (line: line + "\n");
  join = concatStringsSep;
  replicate = n: text: concatStrings (lib.lists.replicate n text);
  makeSearchPath =
    directory: roots: concatStringsSep ":" (map (root: root + "/" + directory) (filter (x: x != null) roots));
  makeSearchPathOutput =
    output: directory: packages:
    makeSearchPath directory (map (lib.getOutput output) packages);
  makeLibraryPath = makeSearchPathOutput "lib" "lib";
  makeIncludePath = makeSearchPathOutput "dev" "include";
  makeBinPath = makeSearchPathOutput "bin" "bin";
  normalizePath =
    text:
    let
      parts = filter (part: isString part && part != "") (split "/" text);
    in
    optionalString (lib.hasPrefix "/" text) "/"
    + concatStringsSep "/" parts
    + optionalString (lib.hasSuffix "/" text && parts != [ ]) "/";
  optionalString = condition: text: if condition then text else "";
  hasPrefix = prefix: text: substring 0 (stringLength prefix) text == prefix;
  hasSuffix =
    suffix: text:
    let
      size = stringLength suffix;
      total = stringLength text;
    in
    total >= size && substring (total - size) size text == suffix;
  hasInfix = infix: text: match ".*${escapeRegex infix}.*" "${text}" != null;
  stringToCharacters = text: genList (n: substring n 1 text) (stringLength text);
  stringAsChars = f: text: concatStrings (map f (stringToCharacters text));
  charToInt = character: asciiTable.${character};
  # The printable characters begin with the space, 32.
  asciiTable =
    lib.listToAttrs (
      lib.imap0 (index: character: lib.nameValuePair character (32 + index)) (
        stringToCharacters (
          " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~"
        )
      )
    )
    // {
      "\t" = 9;
      "\n" = 10;
      "\r" = 13;
    };
  escape = characters: replaceStrings characters (map (character: "\\${character}") characters);
  escapeC =
    characters:
    replaceStrings characters (
      map (character: "\\x${fixedWidthString 2 "0" (lib.toLower (lib.toHexString (charToInt character)))}") characters
    );
  escapeURL =
    text:
    let
      special = lib.filter (c: match "[A-Za-z0-9._~-]" c == null) (builtins.attrNames asciiTable);
    in
    replaceStrings special (map (c: "%${fixedWidthString 2 "0" (lib.toHexString (charToInt c))}") special) text;
  escapeShellArg =
    value:
    let
      text = toString value;
    in
    if match "[[:alnum:],._+:@%/-]+" text == null then "'${replaceStrings [ "'" ] [ "'\\''" ] text}'" else text;
  escapeShellArgs = concatMapStringsSep " " escapeShellArg;
  isValidPosixName = name: match "[a-zA-Z_][a-zA-Z0-9_]*" name != null;
  toShellVar =
    name: value:
    lib.throwIfNot (isValidPosixName name) "toShellVar: ${name} is not a valid shell variable name" (
      if builtins.isAttrs value && !isStringLike value then
        "declare -A ${name}=(${
          concatStringsSep " " (lib.mapAttrsToList (key: item: "[${escapeShellArg key}]=${escapeShellArg item}") value)
        })"
      else if isList value then
        "declare -a ${name}=(${escapeShellArgs value})"
      else
        "${name}=${escapeShellArg value}"
    );
  toShellVars = set: concatStringsSep "\n" (lib.mapAttrsToList toShellVar set);
  escapeNixString = text: escape [ "$" ] (builtins.toJSON text);
  escapeRegex = escape (stringToCharacters "\\[{()^$?*+|.");
  escapeNixIdentifier =
    name:
    if match "[a-zA-Z_][a-zA-Z0-9_'-]*" name != null && !elem name reservedWords then name else escapeNixString name;
  reservedWords = [
    "assert"
    "else"
    "if"
    "in"
    "inherit"
    "let"
    "or"
    "rec"
    "then"
    "with"
  ];
  replaceString = from: to: replaceStrings [ from ] [ to ];
  splitStringBy =
    predicate: keepSplit: text:
    let
      step =
        state: character:
        if state.word != "" && predicate state.last character then
          {
            done = state.done ++ [ state.word ];
            word = if keepSplit then character else "";
            last = character;
          }
        else
          state
          // {
            word = state.word + character;
            last = character;
          };
      end = lib.foldl' step {
        done = [ ];
        word = "";
        last = "";
      } (stringToCharacters text);
    in
    end.done ++ [ end.word ];
  escapeXML = replaceStrings [ "\"" "'" "<" ">" "&" ] [ "&quot;" "&apos;" "&lt;" "&gt;" "&amp;" ];
  toLower = replaceStrings upperChars lowerChars;
  toUpper = replaceStrings lowerChars upperChars;
  toSentenceCase =
    text: if text == "" then "" else toUpper (substring 0 1 text) + toLower (substring 1 (stringLength text) text);
  toCamelCase =
    text:
    let
      # Words end at separators, and where a capital follows a small letter.
      words = filter (word: isString word && word != "") (
        split "[-_ ]+" (
          concatStrings (
            map (part: if isList part then "${elemAt part 0}-${elemAt part 1}" else part) (split "([a-z])([A-Z])" text)
          )
        )
      );
    in
    lib.throwIfNot (isString text) "toCamelCase does only accepts string values, but got ${builtins.typeOf text}" (
      if words == [ ] then
        ""
      else
        concatStrings ([ (toLower (lib.head words)) ] ++ map toSentenceCase (lib.tail words))
    );
  lowerChars = stringToCharacters "abcdefghijklmnopqrstuvwxyz";
  upperChars = stringToCharacters "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  removePrefix =
    prefix: text:
    if hasPrefix prefix text then substring (stringLength prefix) (stringLength text) text else text;
  removeSuffix =
    suffix: text:
    if hasSuffix suffix text then substring 0 (stringLength text - stringLength suffix) text else text;
  splitString =
    separator: text:
    map (part: addContextFrom text part) (
      filter isString (split (escapeRegex (toString separator)) (toString text))
    );
  addContextFrom = source: target: substring 0 0 source + target;
  fixedWidthString =
    width: filler: text:
    let
      size = stringLength text;
    in
    assert lib.assertMsg (size <= width)
      "fixedWidthString: requested string length (${toString width}) must not be shorter than actual length (${toString size})";
    if size == width then text else filler + fixedWidthString (width - stringLength filler) filler text;
  fixedWidthNumber = width: number: fixedWidthString width "0" (toString number);
  isStringLike = value: isString value || builtins.isPath value || value ? outPath || value ? __toString;
  isConvertibleWithToString =
    value:
    isStringLike value
    || value == null
    || builtins.isInt value
    || builtins.isFloat value
    || builtins.isBool value
    || (isList value && builtins.all isConvertibleWithToString value);
  isCoercibleToString = isConvertibleWithToString;
}
