# Options of users, groups and files of /etc. This file is a value: Nix reads it once for all configurations of a batch.
let
  lib = import ../../lib;
  declare = import ./declare.nix { inherit lib; };
  inherit (declare) nullOr off;
  inherit (lib) types;
  text = types.passwdEntry types.str;
  range =
    start:
    declare.submodule {
      ${start} = declare.required types.int;
      count = declare.int 1;
    };
in
{
  user.options = {
    enable = declare.on;
    name = declare.required text;
    description = declare.of text "";
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
    hashedPassword = nullOr text;
    password = nullOr types.str;
    hashedPasswordFile = nullOr types.str;
    passwordFile = nullOr types.str;
    initialHashedPassword = nullOr text;
    initialPassword = nullOr types.str;
    packages = declare.packages;
    expires = nullOr (types.strMatching "[[:digit:]]{4}-[[:digit:]]{2}-[[:digit:]]{2}");
    linger = nullOr types.bool;
    openssh.authorizedKeys.keys = declare.listOf types.singleLineStr;
    openssh.authorizedKeys.keyFiles = declare.paths;
    openssh.authorizedPrincipals = declare.listOf types.nonEmptyStr;
  };
  group.options = {
    name = declare.required text;
    gid = nullOr types.int;
    members = declare.listOf text;
  };
  etcFile.options = {
    enable = declare.on;
    target = declare.required types.str;
    text = nullOr types.lines;
    source = declare.required types.path;
    mode = declare.str "symlink";
    uid = declare.int 0;
    gid = declare.int 0;
    user = declare.required types.str;
    group = declare.required types.str;
  };
}
