# Files and directories, read at evaluation.
{ lib }:
rec {
  inherit (builtins)
    baseNameOf
    dirOf
    hashFile
    isPath
    readDir
    ;
  readFileType = pathType;
  pathType =
    path:
    if !builtins.pathExists path then
      throw "lib.filesystem.pathType: Path ${toString path} does not exist."
    else if toString path == "/" then
      "directory"
    else
      (builtins.readDir (dirOf path)).${baseNameOf path};
  pathIsDirectory = path: builtins.pathExists path && pathType path == "directory";
  pathIsRegularFile = path: builtins.pathExists path && pathType path == "regular";
  listFilesRecursive =
    directory:
    lib.flatten (
      lib.mapAttrsToList (
        name: type: if type == "directory" then listFilesRecursive (directory + "/${name}") else directory + "/${name}"
      ) (builtins.readDir directory)
    );
  haskellPathsInDir =
    directory:
    lib.mapAttrs (name: _: directory + "/${name}") (
      lib.filterAttrs (name: type: type == "directory" && builtins.pathExists (directory + "/${name}/${name}.cabal")) (
        builtins.readDir directory
      )
    );
  locateDominatingFile = _: _: null;
  # Calls every `name.nix` and `name/package.nix` of a directory.
  packagesFromDirectoryRecursive =
    {
      callPackage,
      newScope ? throw "packagesFromDirectoryRecursive: give newScope",
      directory,
      ...
    }:
    let
      go =
        directory:
        if builtins.pathExists (directory + "/package.nix") then
          callPackage (directory + "/package.nix") { }
        else
          lib.concatMapAttrs (
            name: type:
            if type == "directory" then
              { ${name} = go (directory + "/${name}"); }
            else if lib.hasSuffix ".nix" name then
              { ${lib.removeSuffix ".nix" name} = callPackage (directory + "/${name}") { }; }
            else
              { }
          ) (builtins.readDir directory);
    in
    go directory;
  resolveDefaultNix = path: if pathIsDirectory path then path + "/default.nix" else path;
}
