# The stand-in's `lib`: the functions that NixOS modules and package expressions use, under the names and
# namespaces of the nixpkgs library. Tests compare it with results recorded from that library.
let
  # A library that can be extended by overlays.
  make =
    f:
    let
      self = f self // {
        extend =
          overlay:
          make (
            final:
            let
              prev = f final;
            in
            prev // overlay final prev
          );
      };
    in
    self;
in
make (
  lib:
  let
    load = file: import file { inherit lib; };
    parts = {
      trivial = load ./trivial.nix;
      fixedPoints = load ./fixed-points.nix;
      lists = load ./lists.nix;
      attrsets = load ./attrsets.nix // load ./attrsets-more.nix;
      strings = load ./strings.nix // load ./strings-more.nix;
      stringsWithDeps = load ./strings-with-deps.nix;
      versions = load ./versions.nix;
      asserts = load ./asserts.nix;
      debug = load ./debug.nix;
      options = load ./options.nix;
      modules = load ./modules;
      customisation = load ./customisation.nix;
      derivations = load ./derivations.nix;
      meta = load ./meta.nix;
      sources = load ./sources.nix;
      filesystem = load ./filesystem.nix;
      fetchers = load ./fetchers.nix;
      deprecated = load ./deprecated.nix;
    };
    flat = builtins.foldl' (all: one: all // one) { } (
      with parts;
      [
        trivial
        fixedPoints
        lists
        attrsets
        strings
        stringsWithDeps
        versions
        asserts
        debug
        options
        (removeAttrs modules [
          "importJSON"
          "importTOML"
        ])
        customisation
        derivations
        meta
        sources
        fetchers
        deprecated
      ]
    );
  in
  builtins
  // flat
  // parts
  // {
    inherit (parts.lists) replicate;
    inherit (lib.types)
      mkOptionType
      isType
      setType
      isOptionType
      defaultFunctor
      defaultTypeMerge
      ;
    nixType = builtins.typeOf;
    inherit (lib.generators) mkLuaInline;
    inherit (lib.filesystem) packagesFromDirectoryRecursive;
    nixpkgsVersion = lib.version;
    types = load ./types;
    licenses = load ./licenses.nix;
    licensesSpdx = lib.listToAttrs (
      lib.concatMap (license: lib.optional (license ? spdxId) (lib.nameValuePair license.spdxId license)) (
        lib.attrValues lib.licenses
      )
    );
    inherit (load ./people.nix) maintainers teams;
    systems = load ./systems;
    platforms = lib.systems.doubles;
    sourceTypes = load ./source-types.nix;
    kernel = load ./kernel.nix;
    generators = load ./generators.nix;
    cli = load ./cli.nix;
    fileset = load ./fileset.nix;
    path = load ./path.nix;
    gvariant = load ./gvariant.nix;
  }
)
