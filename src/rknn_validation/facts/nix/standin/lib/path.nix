# Paths as values.
{ lib }:
rec {
  append = path: sub: path + ("/" + sub);
  hasPrefix =
    base: path: lib.hasPrefix (toString base + "/") (toString path + "/");
  removePrefix =
    base: path:
    if hasPrefix base path then
      subpath.normalise (if base == path then "." else lib.removePrefix (toString base + "/") (toString path))
    else
      throw "lib.path.removePrefix: The first path argument \"${toString base}\" is not a component-wise prefix of the second path argument \"${toString path}\".";
  splitRoot = path: {
    root = /.;
    subpath = "./" + lib.removePrefix "/" (toString path);
  };
  subpath = {
    isValid =
      value:
      builtins.isString value
      && value != ""
      && !lib.hasPrefix "/" value
      && !lib.elem ".." (lib.splitString "/" value);
    components = value: lib.filter (part: part != "" && part != ".") (lib.splitString "/" value);
    normalise = value: "./" + lib.concatStringsSep "/" (subpath.components value);
    join = values: subpath.normalise (lib.concatStringsSep "/" ([ "." ] ++ values));
  };
}
