# Values that may throw. `quietly` is for what a build never evaluates; `firmly` for what it does: where everything
# is to be told, a firm value's error is let through.
{ lib, loud }:

let
  quietly =
    default: value:
    let
      tried = builtins.tryEval (builtins.deepSeq value value);
    in
    if tried.success then tried.value else default;
in
{
  inherit quietly;
  firmly = if loud then _: value: value else quietly;
}
