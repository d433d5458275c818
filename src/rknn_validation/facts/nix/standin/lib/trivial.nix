# Functions that belong to no data type.
{ lib }:
let
  release = "26.11";
in
rec {
  id = x: x;
  const = x: _: x;
  pipe = builtins.foldl' (value: f: f value);
  concat = left: right: left ++ right;
  or = left: right: left || right;
  and = left: right: left && right;
  xor = left: right: left != right;
  bitNot = builtins.sub (-1);
  inherit (builtins)
    bitAnd
    bitOr
    bitXor
    isBool
    isInt
    isFloat
    add
    sub
    mul
    div
    ceil
    floor
    lessThan
    seq
    deepSeq
    genericClosure
    pathExists
    readFile
    functionArgs
    ;
  boolToString = value: if value then "true" else "false";
  boolToYesNo = value: if value then "yes" else "no";
  mergeAttrs = left: right: left // right;
  flip =
    f: left: right:
    f right left;
  defaultTo = fallback: value: if value == null then fallback else value;
  mapNullable = f: value: if value == null then null else f value;
  min = left: right: if left < right then left else right;
  max = left: right: if left > right then left else right;
  mod = base: divisor: base - divisor * (builtins.div base divisor);
  compare =
    left: right:
    if left < right then
      -1
    else if left > right then
      1
    else
      0;
  splitByAndCompare =
    isFirst: compareFirst: compareSecond: left: right:
    if isFirst left then
      if isFirst right then compareFirst left right else -1
    else if isFirst right then
      1
    else
      compareSecond left right;

  # Reading data.
  importJSON = file: builtins.fromJSON (builtins.readFile file);
  importTOML = file: builtins.fromTOML (builtins.readFile file);

  # Warnings and errors.
  warn = message: builtins.trace "warning: ${message}";
  warnIf = condition: message: if condition then warn message else id;
  warnIfNot = condition: warnIf (!condition);
  throwIf = condition: message: if condition then throw message else id;
  throwIfNot = condition: throwIf (!condition);
  info = message: builtins.trace "INFO: ${message}";
  showWarnings = warnings: result: builtins.foldl' (value: message: warn message value) result warnings;
  checkListOfEnum =
    what: valid: given:
    let
      unexpected = lib.subtractLists valid given;
    in
    throwIfNot (unexpected == [ ])
      "${what}: ${builtins.concatStringsSep ", " (map toString unexpected)} unexpected; valid ones: ${builtins.concatStringsSep ", " (map toString valid)}";

  # Versions of the library itself.
  inherit release;
  oldestSupportedRelease = 2605;
  isInOldestRelease = since: oldestSupportedRelease >= since;
  oldestSupportedReleaseIsAtLeast = since: oldestSupportedRelease >= since;
  codeName = "Standin";
  versionSuffix = "pre-git";
  version = release + versionSuffix;
  revisionWithDefault = fallback: fallback;
  inNixShell = false;
  inPureEvalMode = !(builtins ? currentSystem);

  # Functions as values: an attribute set with `__functor` is one as well.
  isFunction = f: builtins.isFunction f || (f ? __functor && isFunction (f.__functor f));
  toFunction = value: if isFunction value then value else _: value;
  setFunctionArgs = f: args: {
    __functor = _: f;
    __functionArgs = args;
  };
  functionArgs_ = builtins.functionArgs;
  mirrorFunctionArgs =
    original:
    let
      args = lib.functionArgs original;
    in
    f: setFunctionArgs f args;

  fromHexString = text: (builtins.fromTOML "value = 0x${lib.removePrefix "0x" text}").value;
  toHexString =
    number:
    let
      digits = [
        "0"
        "1"
        "2"
        "3"
        "4"
        "5"
        "6"
        "7"
        "8"
        "9"
        "A"
        "B"
        "C"
        "D"
        "E"
        "F"
      ];
    in
    lib.concatMapStrings (builtins.elemAt digits) (toBaseDigits 16 number);
  toBaseDigits =
    base: number:
    let
      go = rest: if rest < base then [ rest ] else go (rest / base) ++ [ (mod rest base) ];
    in
    assert builtins.isInt base && base >= 2 && number >= 0;
    go number;
}
// {
  functionArgs = f: if f ? __functor then f.__functionArgs or (lib.functionArgs (f.__functor f)) else builtins.functionArgs f;
}
