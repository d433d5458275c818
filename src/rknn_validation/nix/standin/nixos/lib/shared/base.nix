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
      load = arguments: lib.loadModule arguments file key module;
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
    concatMap (one: map (def: def // { inherit (one) key; }) (tree.top one)) entries
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
      concatMap (path: tree.find root [ ] path) one.reads.${part}
      ++ lib.optionals (part == "defines") (
        map (leaf: leaf // { declaredBy = [ ]; }) (concatMap (path: tree.find root [ ] path) one.reads.asks)
      );
  parts = lib.concatMapAttrs (key: one: {
    "${key} declares" = direct one "declares";
    "${key} defines" = direct one "defines";
  }) byKey;
  madeBy =
    leaf:
    map (key: { key = "${key} declares"; }) leaf.declaredBy
    ++ map (key: { key = "${key} defines"; }) leaf.definedBy;
  # All that a part depends on; null: anything.
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
    if lib.elem null all then null else concatLists all;
  closures = lib.filterAttrs (_: found: found != [ ]) (mapAttrs (name: _: closure name) parts);

  always = lib.filterAttrs (_: found: found == null) closures;
  closed = lib.filterAttrs (_: found: found != null) closures;
  # The other way around: option names to the parts that depend on them, and the first words of those options.
  dependents = mapAttrs (_: list: listToAttrs (map (one: lib.nameValuePair one.part null) list)) (
    builtins.groupBy (one: one.name) (
      concatLists (lib.mapAttrsToList (part: map (leaf: leaf // { inherit part; })) closed)
    )
  );
  words = mapAttrs (_: leaves: lib.unique (map (leaf: leaf.top) leaves)) closed;

  # Options that some part makes: { declares, defines }, the modules that may do so anew; and the options of each part.
  leaves = tree.find root [ ] [ ];
  makers = lib.filterAttrs (_: one: one.declares != [ ] || one.defines != [ ]) (
    listToAttrs (
      map (
        leaf:
        lib.nameValuePair leaf.name {
          declares = filter (key: closures ? "${key} declares") leaf.declaredBy;
          defines = filter (key: closures ? "${key} defines") leaf.definedBy;
        }
      ) leaves
    )
  );
  made = mapAttrs (_: list: listToAttrs (map (one: lib.nameValuePair one.name null) list)) (
    builtins.groupBy (one: one.part) (
      concatLists (
        lib.mapAttrsToList (
          name: one:
          map (key: {
            inherit name;
            part = "${key} declares";
          }) one.declares
          ++ map (key: {
            inherit name;
            part = "${key} defines";
          }) one.defines
        ) makers
      )
    )
  );
  # Modules that define other options from one configuration to another, and which those may be.
  shapeless = mapAttrs (_: one: !one.hasFixedShape) byKey;
  definitions = mapAttrs (_: one: tree.flat root (tree.top one)) byKey;
  # Places below which there are any.
  places = listToAttrs (
    concatMap (
      name:
      let
        words = split name;
      in
      lib.genList (index: lib.nameValuePair (lib.concatStringsSep "." (lib.take (index + 1) words)) null) (
        length words
      )
    ) (attrNames makers)
  );
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
    inherit
      always
      dependents
      words
      makers
      made
      places
      shapeless
      definitions
      ;
    definers = listToAttrs (map (key: lib.nameValuePair "${key} defines" key) (attrNames byKey));
  }
