# Strings.
{ lib }:
{
  concat-strings-sep = lib.concatStringsSep "-" [
    "a"
    "b"
  ];
  bool-to-string = map lib.boolToString [
    true
    false
  ];
  camel-case = map lib.toCamelCase [
    "hello-world"
    "Hello World"
    "a_b.c"
  ];
  cmake = [
    (lib.cmakeBool "X" true)
    (lib.cmakeFeature "Y" "z")
    (lib.cmakeOptionType "path" "P" "/p")
  ];
  concat-imap = lib.concatImapStringsSep "," (n: x: "${toString n}${x}") [
    "a"
    "b"
  ];
  concat-lines = lib.concatLines [
    "a"
    "b"
  ];
  concat-map-attrs = lib.concatMapAttrsStringSep ";" (name: value: "${name}=${value}") {
    b = "2";
    a = "1";
  };
  enable-feature = [
    (lib.enableFeature true "x")
    (lib.enableFeature false "x")
    (lib.enableFeatureAs true "x" "y")
    (lib.enableFeatureAs false "x" "y")
    (lib.withFeature true "x")
    (lib.withFeatureAs true "x" "y")
  ];
  escape = lib.escape [ "(" ")" ] "(a)";
  escape-c = lib.strings.escapeC [ " " "\\" ] "a b\\c";
  escape-nix-identifier = map lib.strings.escapeNixIdentifier [
    "a"
    "a-b"
    "a.b"
    "1a"
    "if"
    "a'"
  ];
  escape-nix-string = lib.strings.escapeNixString "a\"b\${c}\n";
  escape-regex = lib.escapeRegex "a.b*[c]";
  escape-shell-arg = map lib.escapeShellArg [
    "a"
    "a b"
    "it's"
    ""
    "/a/b-c_d.e:f,g+h@i%j"
    "$x"
    5
  ];
  escape-shell-args = lib.escapeShellArgs [
    "one"
    "two three"
  ];
  escape-url = lib.strings.escapeURL "a b/ü?";
  escape-xml = lib.escapeXML "<a href=\"b\">'&";
  trim-inside = lib.strings.trim "  a b \n";
  fixed-width = [
    (lib.fixedWidthString 5 "0" "42")
    (lib.fixedWidthNumber 3 7)
  ];
  float = lib.strings.floatToString 0.5;
  get-name = [
    (lib.getName "hello-2.12")
    (lib.getName {
      pname = "x";
      version = "1";
    })
    (lib.getVersion "hello-2.12")
  ];
  has = [
    (lib.hasPrefix "a" "abc")
    (lib.hasPrefix "b" "abc")
    (lib.hasSuffix "c" "abc")
    (lib.hasSuffix "abcd" "abc")
    (lib.hasInfix "b" "abc")
    (lib.hasInfix "a.c" "abc")
    (lib.hasPrefix "" "")
  ];
  intersperse = lib.intersperse "," [
    "a"
    "b"
    "c"
  ];
  is-posix-name = map lib.isValidPosixName [
    "a_B1"
    "1a"
    "a-b"
  ];
  is-store-path = map lib.isStorePath [
    "/nix/store/abc-x"
    "/nix/store/abc-x/bin"
    "/nix/store"
    "x"
    5
  ];
  is-string-like = map lib.strings.isStringLike [
    "a"
    { outPath = "a"; }
    { __toString = _: "a"; }
    { }
    1
    null
  ];
  join = lib.join "," [
    "a"
    "b"
  ];
  levenshtein = [
    (lib.strings.levenshtein "kitten" "sitting")
    (lib.strings.levenshtein "" "abc")
    (lib.strings.levenshteinAtMost 2 "foo" "foobar")
    (lib.strings.commonPrefixLength "abcd" "abxy")
    (lib.strings.commonSuffixLength "xyab" "zab")
  ];
  lower-upper = [
    (lib.toLower "AbC")
    (lib.toUpper "AbC")
    (lib.toSentenceCase "hELLO")
  ];
  make-bin-path = lib.makeBinPath [
    "/root"
    "/usr"
    "/usr/local"
  ];
  make-library-path = lib.makeLibraryPath [
    "/a"
    null
    "/b"
  ];
  make-search-path = lib.makeSearchPath "share" [
    "/a"
    "/b"
  ];
  make-search-path-output = lib.makeSearchPathOutput "dev" "include" [
    {
      outPath = "/out";
      dev = "/dev-output";
    }
  ];
  match-and-split = [
    (lib.splitString "/" "/a//b/")
    (lib.splitString "." "a.b.c")
    (lib.splitString "" "")
  ];
  meson = [
    (lib.mesonBool "x" true)
    (lib.mesonEnable "y" false)
    (lib.mesonOption "z" "1")
  ];
  name-from-url = lib.nameFromURL "https://example.org/a/hello-2.12.tar.gz" "-";
  normalize-path = map lib.strings.normalizePath [
    "/a//b///c/"
    "a//b"
  ];
  optional-string = [
    (lib.optionalString true "a")
    (lib.optionalString false "a")
  ];
  remove = [
    (lib.removePrefix "a" "abc")
    (lib.removePrefix "x" "abc")
    (lib.removeSuffix "c" "abc")
    (lib.removeSuffix "x" "abc")
  ];
  replace = [
    (lib.replaceStrings [ "a" "b" ] [ "b" "a" ] "aabb")
    (lib.replicate 3 "x")
    (lib.strings.replicate 3 "x")
    (lib.strings.replaceString "a" "o" "banana")
  ];
  sanitize = map lib.strings.sanitizeDerivationName [
    "a b/c"
    "..hidden"
    "ok-1.2_3+4?=5"
    ""
    "ä"
  ];
  string-as-chars = lib.stringAsChars (c: if c == "a" then "i" else c) "nax";
  string-to-characters = lib.stringToCharacters "abc";
  substring-negative = lib.substring 1 (-1) "abc";
  to-int = map lib.toInt [
    "42"
    " -7 "
    "0"
    "1337"
  ];
  to-int-base-10 = map lib.toIntBase10 [
    "0042"
    "00"
    " 7"
  ];
  to-shell-var = [
    (lib.toShellVar "a" "b c")
    (lib.toShellVar "a" [
      "b"
      "c d"
    ])
    (lib.toShellVar "a" { k = "v w"; })
    (lib.toShellVars {
      x = 1;
      y = "z";
    })
  ];
  trim = [
    (lib.trim " \t a b\n ")
    (lib.trimWith { start = true; } " a ")
    (lib.trimWith { end = true; } " a ")
    (lib.trim "")
    (lib.trim "   ")
  ];
  versions = [
    (lib.versionAtLeast "6.18" "6.18")
    (lib.versionAtLeast "6.17.9" "6.18")
    (lib.versionOlder "6.9" "6.18")
    (lib.versionOlder "1.0" "1.0pre")
    (lib.versions.major "6.18.3")
    (lib.versions.minor "6.18.3")
    (lib.versions.patch "6.18.3")
    (lib.versions.majorMinor "6.18.3")
    (lib.versions.splitVersion "6.18-rc1")
    (lib.versions.pad 3 "6.18")
    (lib.versions.pad 4 "6.18.3-rc1")
    (lib.versions.pad 2 "6.18.3")
  ];
  to-hex = [
    (lib.toHexString 250)
    (lib.fromHexString "FF")
    (lib.toBaseDigits 2 6)
  ];
}
