# Evaluates requests to plain data, many in one process. Works with nixpkgs and with the stand-in.
#
# `request` is a JSON file: { INDEX = { subject = { root, module, option, overlays, imports }; settings, config,
# system, withSubject }; }, all paths absolute. The result is { results = { INDEX = ...; }; packages = { KEY = ...; }; }.
#
# A request that throws gives { refused = true; }, one in which single values do has { failed = true; } beside what is
# left of it, and the others go on. Who wants to know why asks for it alone, loud = "yes".
{
  nixpkgs,
  request ? null,
  # The same as a value, for callers that are Nix themselves.
  requests ? builtins.fromJSON (builtins.readFile request),
  loud ? "no",
}:

let
  lib = import (nixpkgs + "/lib");

  # What every error's trace leads through stands first: see ./whole.nix.
  answer = import ./answer.nix {
    inherit lib;
    results = lib.mapAttrs evaluate requests;
  };
  evaluate =
    index: wanted:
    let
      system = import (nixpkgs + "/nixos/lib/eval-config.nix") {
        system = null;
        modules = [ (machine wanted.system wanted.subject.overlays) ] ++ modules wanted;
      };
      extract =
        loud:
        import ./extract.nix {
          inherit lib index loud;
          inherit (wanted) subject;
          inherit (system) config options pkgs;
        };
      # One uncatchable error aborts the whole process: the trace then says whose it was.
      marked = builtins.addErrorContext "rknn-request-${index}-";
      attempt = data: builtins.tryEval (marked (builtins.deepSeq data.configuration data));
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

  machine = system: overlays: {
    _file = "the scenario's machine";
    # A machine that names its platform itself, with the set of its CPU's features perhaps, is left to it.
    nixpkgs.hostPlatform = lib.mkOverride 1400 system;
    # An overlay file may hold one overlay or a list of them.
    nixpkgs.overlays = lib.mkBefore (lib.concatMap (path: lib.toList (import path)) overlays);
    # Whether unfree packages may be built is the fleet's decision; evaluation has to see them, where it says nothing.
    # Of several definitions the last one stays, so this one comes first.
    nixpkgs.config = lib.mkOrder 1 { allowUnfree = true; };
  };
  modules =
    wanted:
    let
      inherit (wanted) subject;
    in
    [
      {
        _file = "the scenario's config";
        inherit (wanted) config;
      }
    ]
    ++ subject.imports
    ++ lib.optionals wanted.withSubject [
      subject.module
      {
        _file = "the scenario's settings";
        config = lib.setAttrByPath subject.option wanted.settings;
      }
    ];

  # Packages are described later, and only those no other request has described.
  mark = marked: data: data // { packages = lib.mapAttrs (_: marked) data.packages; };
in
answer
