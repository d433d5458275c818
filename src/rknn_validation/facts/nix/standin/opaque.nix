# Opaque values, for options, packages, profiles and module arguments that nixpkgs or a flake's inputs have and the
# stand-in lacks. They can be used as marked text, packages and functions, so that everything that does not depend on
# them can be evaluated. Each traces its name when it is used, which gaps.py reads.
let
  mark = "not-modelled-";
  readable =
    what:
    builtins.concatStringsSep "" (
      map (part: if builtins.isString part then part else "-") (builtins.split "[^A-Za-z0-9._+-]+" what)
    );
  last = what: builtins.elemAt (builtins.match "(.*[.])?([^.]*)" what) 1;
  record =
    what:
    let
      text = mark + readable what;
      hash = builtins.substring 0 32 (
        builtins.replaceStrings [ "e" ] [ "z" ] (builtins.hashString "sha256" what)
      );
      self = {
        _type = "opaque";
        _path = what;
        type = "derivation";
        name = text;
        pname = readable (last what);
        version = text;
        modDirVersion = text;
        system = text;
        outPath = "${builtins.storeDir}/${hash}-${text}";
        drvPath = "${self.outPath}.drv";
        outputs = [ "out" ];
        outputName = "out";
        out = self;
        dev = self;
        lib = self;
        bin = self;
        man = self;
        doc = self;
        all = [ self ];
        buildInputs = [ ];
        nativeBuildInputs = [ ];
        features = { };
        passthru = { };
        meta = {
          available = true;
          platforms = [ ];
          license = [ ];
        };
        override = _: self;
        overrideAttrs = _: self;
        overrideDerivation = _: self;
        extend = _: self;
        callPackage = _: _: self;
        kernel = self;
        __functor = _: _: self;
        __functionArgs = { };
      };
    in
    self;
  # Values that are needed as another type.
  kinds = what: {
    # `enable` and the like are false in NixOS until somebody sets them.
    bool = if builtins.match "(.*[.])?enable(d|[A-Z][^.]*)?" what == null then takenForFalse what else false;
    int = 0;
    list = [ ];
    set = { };
    string = mark;
  };
  # `tree` has the attributes that are read of it, by name; the name "" holds the type that is needed.
  value =
    what: tree:
    remember what (
      if tree ? "" then
        (kinds what).${tree.""}
      else
        complete "${what}." (record what) tree
    );
  remember = what: builtins.trace "not modelled: ${what}";
  # An unknown Boolean that decides something.
  takenForFalse = what: builtins.trace "taken for false: ${what}" false;
  # A set, with opaque values for the attributes of `tree` that it lacks.
  complete =
    what: base: tree:
    if tree == { } || !builtins.isAttrs base then
      base
    else
      base
      // builtins.mapAttrs (
        name: inner:
        if base ? ${name} then
          complete "${what}${name}." base.${name} inner
        else
          value "${what}${name}" inner
      ) tree;
  nothing = {
    options = { };
    accepted = [ ];
    packages = { };
    functions = { };
  };
  # The harness names them in a file on the search path.
  files = builtins.filter (one: one.prefix == "rknn-not-modelled") builtins.nixPath;
  isPython = name: builtins.match "python3[0-9]*(Packages)?" name != null;
in
{
  inherit
    complete
    remember
    takenForFalse
    value
    ;
  isOpaque = value: value._type or "" == "opaque";
  isMarked = text: builtins.length (builtins.split mark text) > 1;
  text = value: value.outPath;
  told =
    if files == [ ] then
      nothing
    else
      nothing // builtins.fromJSON (builtins.readFile (builtins.head files).path);

  # The packages of `tree` that a package set lacks.
  overlay =
    tree: final: prev:
    let
      python = builtins.filter isPython (builtins.attrNames tree);
      ofPython = map (name: tree.${name}.pkgs or tree.${name}) python;
    in
    complete "pkgs." prev (removeAttrs tree python)
    // (
      if python == [ ] then
        { }
      else
        {
          pythonPackagesExtensions = prev.pythonPackagesExtensions ++ [
            (
              _: before:
              complete "pkgs.python3Packages." before (builtins.foldl' (all: one: all // one) { } ofPython)
            )
          ];
        }
    );
}
