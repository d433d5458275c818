# Evaluates requests to plain data, many in one process. Works with nixpkgs and with the stand-in.
#
# `request` is a JSON file: { INDEX = { subject = { root, module, option, overlays, imports }; settings, config,
# system, withSubject }; }, all paths absolute.
#
# With `quiet`, a request that throws gives { refused = true; } and the others go on; who wants to know why asks for
# it alone, without.
{
  nixpkgs,
  request,
  quiet,
}:

let
  lib = import (nixpkgs + "/lib");
  requests = builtins.fromJSON (builtins.readFile request);

  modules =
    wanted:
    let
      inherit (wanted) subject;
    in
    [
      {
        _file = "the scenario's machine";
        nixpkgs.hostPlatform = wanted.system;
        # An overlay file may hold one overlay or a list of them.
        nixpkgs.overlays = lib.mkBefore (lib.concatMap (path: lib.toList (import path)) subject.overlays);
        # Whether unfree packages may be built is the fleet's decision; evaluation has to see them.
        nixpkgs.config.allowUnfree = lib.mkDefault true;
      }
      {
        _file = "the scenario's config";
        inherit (wanted) config;
      }
    ]
    ++ subject.imports
    # The scenario's config may set options that only the subject declares (names it has renamed).
    ++ lib.optional (!wanted.withSubject) { _module.check = false; }
    ++ lib.optionals wanted.withSubject [
      subject.module
      {
        _file = "the scenario's settings";
        config = lib.setAttrByPath subject.option wanted.settings;
      }
    ];

  evaluate =
    index: wanted:
    let
      system = import (nixpkgs + "/nixos/lib/eval-config.nix") {
        system = null;
        modules = modules wanted;
      };
      # One uncatchable error aborts the whole process: the trace then says whose it was.
      result = builtins.addErrorContext "rknn-request-${index}-" (
        let
          extracted = import ./extract.nix {
            inherit lib;
            inherit (wanted) subject;
            inherit (system) config options pkgs;
          };
        in
        builtins.deepSeq extracted extracted
      );
      tried = builtins.tryEval result;
    in
    if quiet == "no" then
      result
    else if tried.success then
      tried.value
    else
      { refused = true; };
in
lib.mapAttrs evaluate requests
