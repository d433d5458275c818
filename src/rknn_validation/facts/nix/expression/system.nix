# The NixOS system of a request: { config, options, pkgs }, as eval-config.nix gives it. For a subject that is a module
# also `given`, all modules beside NixOS's, and `own`, the subject's module alone.
{
  lib,
  nixpkgs,
  flakes,
  wanted,
}:
let
  inherit (wanted) subject;
  parts = import ./subject.nix {
    inherit lib nixpkgs flakes;
    inherit (subject) home specialArgs;
  };
  evalConfig = modules: import (nixpkgs + "/nixos/lib/eval-config.nix") {
    system = null;
    inherit modules;
    inherit (parts) specialArgs;
  };

  machine = {
    _file = "the scenario's machine";
    # A machine may set its platform itself.
    nixpkgs.hostPlatform = lib.mkOverride 1400 wanted.system;
    nixpkgs.overlays = lib.mkBefore (lib.concatMap parts.overlays subject.overlays);
    # Unfree packages are evaluated unless the configuration says otherwise. Of several definitions the last one wins,
    # so this one comes first.
    nixpkgs.config = lib.mkIf (subject.host == null) (lib.mkOrder 1 { allowUnfree = true; });
  };
  settings = {
    _file = "the scenario's settings";
    config = lib.setAttrByPath subject.option wanted.settings;
  };
  # A subject of packages alone: they are installed. A subject of overlays alone: the packages that they add are.
  alone =
    { pkgs, ... }:
    {
      _file = "the subject's packages";
      environment.systemPackages = map (parts.package pkgs) subject.packages;
    };
  added =
    { pkgs, ... }:
    let
      names = lib.attrNames (lib.foldl' (sum: overlay: sum // overlay pkgs pkgs) { } (lib.concatMap parts.overlays subject.overlays));
      usable = name: (builtins.tryEval (lib.isDerivation pkgs.${name})) == { success = true; value = true; };
    in
    {
      _file = "what the subject's overlays add";
      environment.systemPackages = map (name: pkgs.${name}) (lib.filter usable names);
    };
  changes = {
    _file = "the scenario's config";
    inherit (wanted) config;
  };
  forced = {
    _file = "a change to see what follows";
    config = lib.mkMerge (map (one: lib.setAttrByPath one.path (lib.mkForce one.value)) wanted.force);
  };

  own = lib.optional (subject.module != null) (parts.module subject.module);
  given =
    [ changes ]
    ++ map parts.module subject.imports
    ++ own
    ++ lib.optional (subject.option != [ ]) settings;
  evaluated = evalConfig (
    [
      machine
      changes
    ]
    ++ map parts.module subject.imports
    ++ lib.optionals wanted.withSubject (
      own
      ++ lib.optional (subject.option != [ ]) settings
      ++ lib.optional (subject.packages != [ ]) alone
      ++ lib.optional (subject.module == null && subject.imports == [ ] && subject.packages == [ ]) added
    )
    ++ lib.optional (wanted.force != [ ]) forced
  );

  host = import ./host.nix {
    inherit lib parts evalConfig;
    inherit (subject) host;
  };
in
if subject.host == null || !wanted.withSubject then
  evaluated // { inherit given own; }
else if wanted.force == [ ] then
  host
else
  host.extendModules { modules = [ forced ]; }
