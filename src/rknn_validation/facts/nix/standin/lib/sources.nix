# Sources taken from the file system.
{ lib }:
let
  # The source that `src` filters, so that filters can be combined.
  origin = src: {
    root = src.origSrc or src;
    filter = src.filter or (_: _: true);
    name = src.name or "source";
  };
in
rec {
  inherit (lib.filesystem) pathType pathIsDirectory;
  pathIsRegularFile = lib.filesystem.pathIsRegularFile;
  cleanSourceFilter =
    path: type:
    let
      name = baseNameOf (toString path);
    in
    !(
      name == ".git"
      || (type == "directory" && lib.elem name [
        ".svn"
        "CVS"
        ".hg"
        ".jj"
        ".pijul"
        "_darcs"
      ])
      || lib.hasSuffix "~" name
      || builtins.match "^\\.sw[a-z]$" name != null
      || builtins.match "^\\..*\\.sw[a-z]$" name != null
      || (type != "directory" && (lib.hasSuffix ".o" name || lib.hasSuffix ".so" name))
      || (type == "symlink" && lib.hasPrefix "result" name)
      || type == "unknown"
    );
  cleanSource = src: cleanSourceWith { filter = cleanSourceFilter; inherit src; };
  cleanSourceWith =
    {
      filter ? _: _: true,
      src,
      name ? null,
    }:
    let
      old = origin src;
      filter' = path: type: filter path type && old.filter path type;
      name' = if name != null then name else old.name;
    in
    {
      _isLibCleanSourceWith = true;
      origSrc = old.root;
      filter = filter';
      name = name';
      outPath = builtins.path {
        path = old.root;
        filter = filter';
        name = name';
      };
    };
  trace = src: src;
  sourceByRegex =
    src: regexes:
    let
      root = toString (origin src).root;
    in
    cleanSourceWith {
      inherit src;
      filter =
        path: _:
        let
          relative = lib.removePrefix (root + "/") (toString path);
        in
        lib.any (regex: builtins.match regex relative != null) regexes;
    };
  sourceFilesBySuffices =
    src: suffixes:
    cleanSourceWith {
      inherit src;
      filter = name: type: type == "directory" || lib.any (suffix: lib.hasSuffix suffix (baseNameOf name)) suffixes;
    };
  commitIdFromGitRepo = _: throw "commitIdFromGitRepo: not carried by the stand-in for nixpkgs";
  pathIsGitRepo = path: builtins.pathExists (path + "/.git");
  canCleanSource = src: src ? _isLibCleanSourceWith || !lib.isStorePath (toString src);
  pathHasContext = value: builtins.hasContext (toString value);
  urlToName = url: lib.removeSuffix ".git" (baseNameOf (lib.last (lib.splitString ":" (toString url))));
  shortRev = builtins.substring 0 7;
  revOrTag = rev: tag: if tag != null then tag else if rev != null then rev else "HEAD";
  repoRevToName =
    _: location: rev:
    "source";
}
