# Options of a group.
let
  lib = import ../../../lib;
  declare = import ../declare.nix { inherit lib; };
  inherit (lib) types;
in
{
  options = {
    name = declare.required (types.passwdEntry types.str);
    gid = declare.nullOr types.int;
    members = declare.listOf (types.passwdEntry types.str);
  };
}
