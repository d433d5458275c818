# Options of an entry of `environment.etc`. This file, as its neighbours, is a value: Nix reads it once for all
# configurations of a batch.
let
  lib = import ../../../lib;
  declare = import ../declare.nix { inherit lib; };
  inherit (lib) types;
in
{
  options = {
    enable = declare.on;
    target = declare.required types.str;
    text = declare.nullOr types.lines;
    source = declare.required types.path;
    mode = declare.str "symlink";
    uid = declare.int 0;
    gid = declare.int 0;
    user = declare.required types.str;
    group = declare.required types.str;
  };
}
