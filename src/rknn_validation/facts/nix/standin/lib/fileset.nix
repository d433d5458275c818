# File sets: unions, filters and sources of them. Kept as predicates over absolute path strings.
{ lib }:
let
  make = base: contains: {
    _type = "fileset";
    inherit base contains;
  };
  coerce =
    value:
    if value._type or null == "fileset" then
      value
    else if builtins.isPath value then
      if builtins.pathExists value then
        make value (path: path == toString value || lib.hasPrefix (toString value + "/") path)
      else
        throw "lib.fileset: ${toString value} is a path that does not exist."
    else
      throw "lib.fileset: an argument of type ${builtins.typeOf value} is neither a file set nor a path";
  baseOf = sets: if sets == [ ] then /. else (lib.head sets).base;
  files = value: lib.filter (file: (coerce value).contains (toString file)) (listUnder (coerce value).base);
  listUnder = base: if lib.filesystem.pathIsDirectory base then lib.filesystem.listFilesRecursive base else [ base ];
  combine =
    op: left: right:
    let
      left' = coerce left;
      right' = coerce right;
    in
    make left'.base (path: op (left'.contains path) (right'.contains path));
in
rec {
  maybeMissing = path: if builtins.pathExists path then coerce path else make path (_: false);
  empty = make /. (_: false);
  unions =
    sets:
    let
      all = map coerce sets;
    in
    make (baseOf all) (path: lib.any (set: set.contains path) all);
  union = left: right: unions [
    left
    right
  ];
  intersection = combine (left: right: left && right);
  difference = combine (left: right: left && !right);
  fileFilter =
    predicate: path:
    make path (
      file:
      let
        name = baseNameOf file;
      in
      lib.hasPrefix (toString path) file
      && predicate {
        inherit name;
        type = "regular";
        hasExt = extension: lib.hasSuffix ".${extension}" name;
      }
    );
  fromSource = source: coerce (source.origSrc or source);
  gitTracked = path: coerce path;
  gitTrackedWith = _: path: coerce path;
  toList = files;
  toSource =
    { root, fileset }:
    let
      set = coerce fileset;
      needed = directory: lib.any (file: lib.hasPrefix (directory + "/") (toString file)) (files' root);
      files' = base: lib.filter (file: set.contains (toString file)) (listUnder base);
    in
    lib.cleanSourceWith {
      name = "source";
      src = root;
      filter = path: type: if type == "directory" then needed path else set.contains path;
    };
  trace = _: value: value;
  traceVal = value: value;
  isFileset = value: value._type or null == "fileset";
}
