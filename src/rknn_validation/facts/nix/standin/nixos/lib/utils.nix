# The module argument `utils`.
{
  config,
  lib,
  pkgs,
}:
let
  needed = [
    "/"
    "/nix"
    "/nix/store"
    "/var"
    "/var/log"
    "/var/lib"
    "/var/lib/nixos"
    "/etc"
    "/usr"
  ];
  hex = character: lib.toLower (lib.fixedWidthString 2 "0" (lib.toHexString (lib.strings.charToInt character)));
in
rec {
  inherit (lib) toShellVar;
  pathsNeededForBoot = needed;
  fsNeededForBoot = fs: fs.neededForBoot or false || lib.elem fs.mountPoint needed;
  copyFile = path: pkgs.runCommand (baseNameOf path) { } "copy";

  # As systemd-escape: characters that a unit name may not have become their hexadecimal codes.
  escapeSystemdPath =
    path:
    let
      parts = lib.filter (part: part != "" && part != ".") (lib.splitString "/" (toString path));
      escape =
        index: character:
        if character == "/" then
          "-"
        else if builtins.match "[a-zA-Z0-9:_.]" character != null && !(index == 0 && character == ".") then
          character
        else
          "\\x${hex character}";
    in
    if parts == [ ] then
      "-"
    else
      lib.concatStrings (lib.imap0 escape (lib.stringToCharacters (lib.concatStringsSep "/" parts)));

  # One argument of an Exec line, without expansion of specifiers and variables.
  escapeSystemdExecArg =
    argument:
    let
      text =
        if builtins.isPath argument then
          "${argument}"
        else if builtins.isString argument then
          argument
        else if builtins.isInt argument || builtins.isFloat argument || lib.isDerivation argument then
          toString argument
        else
          throw "escapeSystemdExecArg only allows strings, paths, numbers and derivations";
    in
    lib.replaceStrings [ "%" "$" ] [ "%%" "$$" ] (builtins.toJSON text);
  escapeSystemdExecArgs = lib.concatMapStringsSep " " escapeSystemdExecArg;

  toShellPath =
    shell:
    if lib.types.shellPackage.check shell then
      "/run/current-system/sw${shell.shellPath}"
    else if lib.types.package.check shell then
      throw "${shell} is not a shell package"
    else
      shell;
  removePackagesByName =
    packages: unwanted:
    let
      names = map lib.getName unwanted;
    in
    lib.filter (package: !lib.elem (lib.getName package) names) packages;

  systemdUtils = {
    lib = import ./systemd/units.nix { inherit lib pkgs config; };
    types = import ./systemd/types.nix { inherit lib pkgs config; };
    unitOptions = {
      inherit (systemdUtils.lib) unitOption;
    };
  };
}
