# A flake's input that is not on this machine. Whatever the flake reads of it is reported as unknown.
#
# Its modules only set a warning (evaluate.py reads it), its overlays add nothing, its packages are opaque. Anything
# else throws, with a message that failure.py takes for unknown.
{ node }:
let
  inherit (node) told;
  unknown = path: throw "${dotted path} is not here: the flake's input ${told} could not be fetched";
  dotted = builtins.concatStringsSep ".";
  marker = "rknn-validation: not here: ";

  # It may declare options, so all definitions are accepted, and the caller is told by a trace.
  module =
    path:
    builtins.trace "not modelled: the module ${dotted path} of ${told}, which is not here" (
      { lib, ... }:
      {
        _file = "${dotted path} of ${told}, which is not here";
        freeformType = import ./open.nix { inherit lib; };
        config.warnings = [ "${marker}${dotted path} of ${told}" ];
      }
    );
  flakeModule = path: { _file = "${dotted path} of ${told}, which is not here"; };
  package =
    path:
    let
      self = {
        type = "derivation";
        name = "not-here-${builtins.concatStringsSep "-" path}";
        pname = self.name;
        version = "";
        system = "unknown";
        outPath = "/nix/store/eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee-${self.name}";
        drvPath = "${self.outPath}.drv";
        outputName = "out";
        outputs = [ "out" ];
        out = self;
        all = [ self ];
        meta = { };
        passthru = { };
        override = _: self;
        overrideAttrs = _: self;
      };
    in
    self;
  kinds = {
    nixosModules = module;
    nixosModule = module;
    darwinModules = module;
    homeModules = module;
    homeManagerModules = module;
    modules = module;
    inherit flakeModule;
    flakeModules = flakeModule;
    overlays = _: _: _: { };
    overlay = _: _: _: { };
    packages = package;
    legacyPackages = package;
    defaultPackage = package;
  };
  # The attribute paths that the flake's files read, as nested sets; a path ends at an empty set.
  tree =
    path: names:
    let
      make = kinds.${builtins.head path} or unknown;
    in
    if names == { } then make path else builtins.mapAttrs (name: tree (path ++ [ name ])) names;
in
builtins.mapAttrs (name: tree [ name ]) node.names
// node.info
// {
  outPath = node.place;
  _type = "flake";
  inputs = { };
}
