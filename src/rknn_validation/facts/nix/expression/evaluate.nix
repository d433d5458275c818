# Evaluates requests to plain data, many in one process. Works with nixpkgs and with the stand-in.
#
# `request` is a JSON file: { flakes = { REFERENCE = GRAPH; }; requests = { INDEX = REQUEST; }; }: graphs as ./flake.nix
# takes them, requests as `Request.to_json` makes them, all paths absolute. The result is
# { results = { INDEX = ...; }; packages = { KEY = ...; }; }.
#
# A request that throws gives { refused = true; }. One in which single values throw gives the rest, with failed = true.
# The other requests are still evaluated. To see the error, evaluate the request alone with loud = "yes".
{
  nixpkgs,
  request ? null,
  # The same as a value, for callers that are Nix themselves.
  asked ? builtins.fromJSON (builtins.readFile request),
  loud ? "no",
  # "yes" evaluates the effects of the subjects' options in place of configurations: see ./effects.nix.
  effects ? "no",
}:

let
  lib = import (nixpkgs + "/lib");

  # First in the file, because every error's trace leads through it: see ./whole.nix.
  answer = import ./answer.nix {
    inherit lib;
    results = lib.mapAttrs evaluate asked.requests;
  };
  evaluate =
    index: wanted:
    let
      system = systemOf wanted;
      extract =
        loud:
        import ./extract.nix {
          inherit lib index loud;
          inherit (wanted) subject;
          inherit (system) config options pkgs;
        };
      # An error that tryEval does not catch aborts the process: its trace then names the request.
      marked = builtins.addErrorContext "rknn-request-${index}-";
      # Messages of the stand-in about names that it does not model follow this line and belong to this request.
      announced = builtins.trace "evaluating request ${index}";
      attempt = data: builtins.tryEval (marked (announced (builtins.deepSeq data.configuration data)));
      complete = extract true;
      partial = extract false;
      whole = attempt complete;
      rest = attempt partial;
    in
    if loud == "yes" then
      import ./whole.nix complete
    else if whole.success then
      mark marked complete
    else if rest.success then
      mark marked partial // { failed = true; }
    else
      { refused = true; };

  systemOf =
    wanted:
    import ./system.nix {
      inherit lib nixpkgs wanted;
      inherit (asked) flakes;
    };
  effectsOf =
    index: wanted:
    builtins.addErrorContext "rknn-request-${index}-" (
      import ./effects.nix {
        inherit lib index;
        inherit (wanted.subject) option;
        inherit (wanted) without;
        system = systemOf wanted;
      }
    );
  # Packages are described later, each once for all requests.
  mark = marked: data: data // { packages = lib.mapAttrs (_: marked) data.packages; };
in
if effects == "yes" then lib.mapAttrs effectsOf asked.requests else answer
