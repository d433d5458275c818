# Whether a file has an attribute: { wants, known }. `wants` are the required arguments of the file's function. `known`
# is null if the attribute exists, else the names beside which it is missing.
{ file, path }:
let
  value = import file;
  formals = if builtins.isFunction value then builtins.functionArgs value else { };
  wants = builtins.filter (name: !formals.${name}) (builtins.attrNames formals);
  whole = if formals != { } && wants == [ ] then value { } else value;
  step =
    state: name:
    if state.known != null then
      state
    else if builtins.isAttrs state.value && state.value ? ${name} then
      state // { value = state.value.${name}; }
    else
      state // { known = if builtins.isAttrs state.value then builtins.attrNames state.value else [ ]; };
  found = builtins.foldl' step {
    value = whole;
    known = null;
  } (builtins.fromJSON path);
in
{
  inherit (found) known;
  wants = if builtins.fromJSON path == [ ] then [ ] else wants;
}
