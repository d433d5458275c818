# An input of a flake that is not on this machine: what is asked of it is remembered, and nothing is made up.
#
# Its modules set nothing but a warning that tells of them (see `absent` in ./host.nix), its overlays add nothing, its
# packages are opaque. What else is asked for throws, with the words that `failure.py` reads as "unknown".
{ node }:
let
  inherit (node) told;
  unknown = path: throw "${dotted path} is not here: the flake's input ${told} could not be fetched";
  dotted = builtins.concatStringsSep ".";
  marker = "rknn-validation: not here: ";

  # That options may be declared there is said to ./evaluate.nix's caller as well; all are accepted.
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
  # The attribute paths that are asked for, as nested sets; a set without members is where one ends.
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
