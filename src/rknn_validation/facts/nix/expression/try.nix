# Values that may throw. `quietly` is for values that no build evaluates, `firmly` for values that a build needs: with
# `loud`, their errors are let through.
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
