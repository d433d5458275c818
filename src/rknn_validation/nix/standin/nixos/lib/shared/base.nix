# The machine that all requests of a batch have in common, evaluated once.
#
# A base module is given no more of `config` and `options` than reads.nix lists for it. So what it declares and
# defines depends on nothing else, and can be shared by every request that leaves that alone.
{
  lib,
  baseModules,
  platform,
  machine,
  modulesPath,
}:
let
  inherit (builtins)
    attrNames
    concatLists
    concatMap
    filter
    head
    length
    listToAttrs
    map
    mapAttrs
    ;
  reads = import ./reads.nix;
  tree = import ./tree.nix { inherit lib; };
  split = lib.splitString ".";

  # Of a tree only the given paths.
  pick =
    from: paths:
    mapAttrs (
      name: rests: if lib.elem [ ] rests then from.${name} else pick from.${name} rests
    ) (lib.mapAttrs (_: map lib.tail) (builtins.groupBy head paths));

  specialArgs = { inherit modulesPath; };
  common = {
    inherit lib specialArgs modulesPath;
    inherit (arguments) pkgs;
    _class = "nixos";
    _prefix = [ ];
  };
  whole = common // { inherit config options; };
  restricted =
    paths:
    let
      config' = pick config paths;
    in
    common
    // {
      config = config';
      # That there are warnings is no news to a renamed option.
      options = { warnings = { }; } // pick options paths;
      utils = import ../utils.nix {
        inherit lib;
        inherit (common) pkgs;
        config = config';
      };
    };
  argumentsFor = paths: if paths == null then whole else restricted paths;

  # A module as the parts that depend on different things.
  entry =
    {
      id,
      key,
      file,
      module,
      facts,
    }:
    let
      load = arguments: lib.loadModule arguments file key module;
      declares = if facts == null then null else map split (facts.declares or [ ]);
      defines = if facts == null then null else map split (facts.defines or [ ]);
      given = load (argumentsFor declares);
      loaded = load (argumentsFor defines);
    in
    {
      inherit id key load;
      inherit (loaded) _file imports disabledModules;
      inherit (given) options;
      inherit (loaded) config;
      reads = { inherit declares defines; };
    };
  fromFile =
    path:
    let
      id = lib.removePrefix "${modulesPath}/" (toString path);
    in
    entry {
      inherit id;
      key = toString path;
      file = toString path;
      module = path;
      facts = reads.${id} or null;
    };
  importsOf =
    outer:
    lib.imap1 (
      index: module:
      entry {
        id = "${outer.id}:imports";
        key = "${outer.key}:anon-${toString index}";
        file = outer._file;
        inherit module;
        facts = if reads ? ${outer.id} then reads.${outer.id}.imports or { } else null;
      }
    ) outer.imports;
  fixed =
    id: module:
    entry {
      inherit id module;
      key = id;
      file = module._file;
      facts = { };
    };

  files = map fromFile baseModules;
  imported = concatMap importsOf files;
  entries = lib.reverseList (files ++ [ (fixed "platform" platform) ] ++ imported ++ [ (fixed "machine" machine) ]);
  sound = lib.all (one: one.disabledModules == [ ]) entries && lib.all (one: one.imports == [ ]) imported;

  definedInternals = concatMap (
    one:
    concatMap (
      value:
      if value ? _module then
        [
          {
            file = one._file;
            value = value._module;
          }
        ]
      else
        [ ]
    ) (lib.pushDownProperties one.config)
  ) entries;
  internals = lib.moduleInternals {
    prefix = [ ];
    inherit specialArgs;
    arguments = { };
    declarations = [ ];
    definitions = definedInternals;
  };
  arguments = internals.config.args;

  root = tree.level [ ] (filter (one: one.options != { }) entries) (
    concatMap (
      one:
      map (value: {
        file = one._file;
        inherit (one) key;
        value = removeAttrs value [ "_module" ];
      }) (lib.pushDownProperties one.config)
    ) entries
  );
  inherit (root) options;
  config = root.values // {
    _module = internals.config;
  };

  # What a part ("KEY declares", "KEY defines") depends on, however indirectly: option names by their first word.
  byKey = listToAttrs (map (one: lib.nameValuePair one.key one) entries);
  direct =
    one: part:
    if one.reads.${part} == null then
      null
    else
      concatMap (path: tree.find root [ ] path) one.reads.${part};
  parts = lib.concatMapAttrs (key: one: {
    "${key} declares" = direct one "declares";
    "${key} defines" = direct one "defines";
  }) byKey;
  madeBy =
    leaf:
    map (key: { key = "${key} declares"; }) leaf.declaredBy
    ++ map (key: { key = "${key} defines"; }) leaf.definedBy;
  closure =
    name:
    let
      all = map (found: parts.${found.key}) (
        builtins.genericClosure {
          startSet = [ { key = name; } ];
          operator = found: if parts.${found.key} == null then [ ] else concatMap madeBy parts.${found.key};
        }
      );
    in
    if lib.elem null all then
      null
    else
      mapAttrs (_: names: listToAttrs (map (leaf: lib.nameValuePair leaf.name null) names)) (
        builtins.groupBy (leaf: leaf.top) (concatLists all)
      );
  closures = mapAttrs (name: _: closure name) parts;
in
if !sound then
  throw "base modules disable modules, or import deeper than the shared evaluation looks"
else if root.undeclared != [ ] then
  throw "base modules define ${toString root.undeclared}, which none declares"
else
  {
    inherit
      root
      config
      options
      arguments
      byKey
      specialArgs
      definedInternals
      ;
    inherit (arguments) pkgs;
    # Null: depends on anything.
    changeable = lib.filterAttrs (_: found: found != { }) closures;
  }
