# Options of a user.
let
  lib = import ../../../lib;
  declare = import ../declare.nix { inherit lib; };
  inherit (declare) nullOr off;
  inherit (lib) types;
  range =
    start:
    declare.submodule {
      ${start} = declare.required types.int;
      count = declare.int 1;
    };
in
{
  options = {
    enable = declare.on;
    name = declare.required (types.passwdEntry types.str);
    description = declare.of (types.passwdEntry types.str) "";
    uid = nullOr types.int;
    isSystemUser = off;
    isNormalUser = off;
    group = declare.str "";
    extraGroups = declare.strings;
    home = declare.of (types.passwdEntry types.path) "/var/empty";
    homeMode = declare.of (types.strMatching "[0-7]{1,5}") "700";
    cryptHomeLuks = nullOr types.str;
    pamMount = declare.attrsOf types.str;
    pamShadow = declare.on;
    shell = declare.required (types.nullOr (types.either types.shellPackage (types.passwdEntry types.path)));
    ignoreShellProgramCheck = off;
    subUidRanges = declare.listOf (range "startUid");
    subGidRanges = declare.listOf (range "startGid");
    autoSubUidGidRange = off;
    createHome = off;
    useDefaultShell = off;
    hashedPassword = nullOr (types.passwdEntry types.str);
    password = nullOr types.str;
    hashedPasswordFile = nullOr types.str;
    passwordFile = nullOr types.str;
    initialHashedPassword = nullOr (types.passwdEntry types.str);
    initialPassword = nullOr types.str;
    packages = declare.packages;
    expires = nullOr (types.strMatching "[[:digit:]]{4}-[[:digit:]]{2}-[[:digit:]]{2}");
    linger = nullOr types.bool;
    openssh.authorizedKeys.keys = declare.listOf types.singleLineStr;
    openssh.authorizedKeys.keyFiles = declare.paths;
    openssh.authorizedPrincipals = declare.listOf types.nonEmptyStr;
  };
}
