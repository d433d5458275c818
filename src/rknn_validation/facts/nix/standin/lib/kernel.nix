# Kernel configuration values (`structuredExtraConfig`).
{ lib }:
let
  answer = letter: {
    tristate = letter;
    optional = false;
  };
in
rec {
  option = value: value // { optional = true; };
  yes = answer "y";
  no = answer "n";
  module = answer "m";
  unset = answer null;
  freeform = text: {
    freeform = text;
    optional = false;
  };
  unsafeFreeform = freeform;
  whenHelpers =
    version:
    let
      is = lib.versionAtLeast version;
      before = lib.versionOlder version;
    in
    {
      whenAtLeast = since: lib.mkIf (is since);
      whenOlder = until: lib.mkIf (before until);
      whenBetween = since: until: lib.mkIf (is since && before until);
    };
}
