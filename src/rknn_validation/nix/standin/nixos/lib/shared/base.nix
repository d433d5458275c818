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
  tree = import ./tree.nix { inherit lib parts; };
  split = path: filter builtins.isString (builtins.split "[.]" path);

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
    paths: asked:
    let
      config' = pick config paths;
    in
    common
    // {
      config = config';
      # That there are warnings is no news to a renamed option.
      options = { warnings = { }; } // pick options (paths ++ asked);
      utils = import ../utils.nix {
        inherit lib;
        inherit (common) pkgs;
        config = config';
      };
    };
  argumentsFor = paths: asked: if paths == null then whole else restricted paths asked;

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
      load = arguments: lib.loadModule arguments file file module;
      declares = if facts == null then null else map split (facts.declares or [ ]);
      defines = if facts == null then null else map split (facts.defines or [ ]);
      asks = if facts == null then [ ] else map split (facts.asks or [ ]);
      given = load (argumentsFor declares [ ]);
      loaded = load (argumentsFor defines asks);
      blind = load (
        common
        // {
          config = throw "a configuration";
          options.warnings = { };
          utils = throw "a configuration's functions";
        }
      );
    in
    {
      inherit id key load;
      inherit (loaded) _file imports disabledModules;
      inherit (given) options;
      inherit (loaded) config;
      reads = { inherit declares defines asks; };
      # Whether it defines the same options whatever the configuration.
      hasFixedShape =
        facts != null
        && (builtins.tryEval (
          let
            found = tree.flat root (tree.top blind);
          in
          builtins.deepSeq (map (def: tree.mayDefine def.value) (found."system.build" or [ ])) true
        )).success;
    };
  fromFile =
    path:
    let
      id = lib.removePrefix "${modulesPath}/" (toString path);
    in
    entry {
      inherit id;
      key = id;
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
        key = "${outer.key}:${toString index}";
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
    concatMap (one: map (def: def // { inherit (one) key; }) (tree.top one)) entries
  );
  inherit (root) options;
  config = root.values // {
    _module = internals.config;
  };

  # What parts ("KEY declares", "KEY defines") read themselves; null: anything.
  byKey = listToAttrs (map (one: lib.nameValuePair one.key one) entries);
  parts = lib.filterAttrs (_: found: found != [ ]) (
    listToAttrs (
      concatMap (one: [
        {
          name = "${one.key} declares";
          value = if one.reads.declares == null then null else concatMap (tree.find root) one.reads.declares;
        }
        {
          name = "${one.key} defines";
          value =
            if one.reads.defines == null then
              null
            else
              concatMap (tree.find root) one.reads.defines ++ concatMap (tree.findAsked root) one.reads.asks;
        }
      ]) entries
    )
  );
  known = mapAttrs (_: found: if found == null then [ ] else found) parts;

  # Parts that read a name, and those that read what these make, and so on.
  readers = mapAttrs (_: map (one: { key = one.part; })) (
    builtins.groupBy (one: one.name) (
      concatLists (
        lib.mapAttrsToList (
          part:
          map (found: {
            inherit part;
            inherit (found) name;
          })
        ) known
      )
    )
  );
  made = mapAttrs (_: map (one: one.name)) (
    builtins.groupBy (one: one.part) (filter (one: parts ? ${one.part}) (concatMap (leaf: leaf.makes) root.leaves))
  );
  onwards = mapAttrs (_: concatMap (name: readers.${name} or [ ])) made;
  after =
    start:
    listToAttrs (
      map (found: lib.nameValuePair found.key null) (
        builtins.genericClosure {
          startSet = start;
          operator = found: onwards.${found.key} or [ ];
        }
      )
    );
  dependents = mapAttrs (name: _: after (readers.${name} or [ ] ++ readers."${name}?" or [ ])) (
    readers // lib.mapAttrs' (name: _: lib.nameValuePair (lib.removeSuffix "?" name) null) readers
  );
  always = after (map (key: { inherit key; }) (attrNames (lib.filterAttrs (_: found: found == null) parts)));
  # The first words of all that a part depends on.
  makersOf = mapAttrs (_: concatMap (found: found.makers)) known;
  words = mapAttrs (
    part: _:
    lib.zipAttrs (
      map (found: directWords.${found.key} or { }) (
        builtins.genericClosure {
          startSet = [ { key = part; } ];
          operator = found: makersOf.${found.key} or [ ];
        }
      )
    )
  ) known;
  directWords = mapAttrs (_: builtins.groupBy (found: found.top)) known;

  # The options of each part.
  madeNames = mapAttrs (_: names: listToAttrs (map (name: lib.nameValuePair name null) names)) made;
  # Modules that define other options from one configuration to another, and which those may be.
  shapeless = mapAttrs (_: one: !one.hasFixedShape) byKey;
  definitions = mapAttrs (_: one: tree.flat root (tree.top one)) byKey;
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
    files = lib.genAttrs (map toString baseModules) (_: null);
    inherit
      always
      dependents
      words
      shapeless
      definitions
      ;
    made = madeNames;
    definers = listToAttrs (map (key: lib.nameValuePair "${key} defines" key) (attrNames byKey));
  }
