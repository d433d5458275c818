# The fields of a configuration: in whole, or what of them differs from another system's (`before`).
#
# A field names the options it is made of and gets nothing else. Where none of them differs it is left out.
{
  lib,
  config,
  before,
}:

let
  value = path: if whole || isSame path then lib.attrByPath path null config else (stateOf path).values;
  values = lib.mapAttrs (_: value);
  set = path: lib.attrByPath path { } config;
  # Of an option that differs, `changed` are the attributes that may do so and `added` the entries in front of the
  # other's; null where that is not known.
  stateOf = before.stateOf;
  whole = before == null;
  isSame = path: !before.differing ? ${lib.concatStringsSep "." path};
  left = {
    isLeft = true;
  };
  isLeft = field: field.isLeft or false;

  # Of an attribute set, what becomes of one source of it.
  wanted =
    source: given:
    let
      kept = removeAttrs given (source.without or [ ]);
    in
    lib.listToAttrs (
      lib.concatMap (
        name:
        if source ? keep && !source.keep kept.${name} then
          [ ]
        else
          let
            full = source.name or (name: name) name;
          in
          [
            {
              name = full;
              value = source.of full kept.${name};
            }
          ]
      ) (lib.attrNames kept)
    );
  # A source with the attributes to be looked at; `changed` are their names, null where those are not known.
  looked =
    source:
    let
      inherit (stateOf source.path) changed values;
    in
    if whole then
      {
        inherit source;
        candidates = set source.path;
      }
    else if isSame source.path then
      {
        inherit source;
        candidates = { };
        changed = { };
      }
    else
      {
        inherit source changed;
        candidates = if changed == null then values else builtins.intersectAttrs changed values;
      };
in
rec {
  field = paths: of: if !whole && lib.all isSame (lib.attrValues paths) then left else of (values paths);
  front =
    path: of:
    if whole then
      of (value path)
    else if isSame path then
      left
    else if (stateOf path).added != null then
      { added = of (stateOf path).added; }
    else
      { instead = of (value path); };
  named =
    sources:
    let
      all = lib.foldl' (found: source: found // wanted source (set source.path)) { } sources;
      states = lib.filter (state: state.changed != { }) (map looked sources);
    in
    if whole then
      lib.filterAttrs (_: one: one != null) all
    else if lib.any (state: state.changed == null) states then
      { instead = all; }
    else
      {
        some = lib.foldl' (found: state: found // wanted state.source state.candidates) { } states;
        considered = lib.concatMap (
          state: map (state.source.name or (name: name)) (lib.attrNames state.changed)
        ) states;
      };

  # Packages that values name, of a list only those in front, and those of a changed attribute's.
  rooted = paths: of: if !whole && lib.all isSame (lib.attrValues paths) then [ ] else of (values paths);
  listed =
    path:
    if whole then
      value path
    else if isSame path then
      [ ]
    else if (stateOf path).added != null then
      (stateOf path).added
    else
      value path;
  inside = sources: of: lib.concatMap (source: lib.concatMap of (lib.attrValues (looked source).candidates)) sources;

  # { configuration } with all fields; or the differences: whole `values`, entries in `fronts` of the other's, what is
  # to be `set` in `maps` and dropped from them, and single fields of the `kernel`. All are names of `fragments`.
  result =
    fields:
    if whole then
      {
        configuration = fields.values // fields.fronts // fields.maps // { inherit (fields) kernel; };
      }
    else
      let
        was = before.data;
        differing = lib.filterAttrs (name: one: !isLeft one && one != was.${name});
        fronts = lib.filterAttrs (_: one: !isLeft one) fields.fronts;
        difference =
          name: one:
          let
            new = lib.filterAttrs (key: value: !(was.${name} ? ${key}) || was.${name}.${key} != value) one.some;
          in
          {
            set = new;
            drop = lib.filter (key: was.${name} ? ${key} && !one.some ? ${key}) one.considered;
          };
        instead = lib.mapAttrs (_: one: one.instead) (
          lib.filterAttrs (_: one: one ? instead) (fronts // fields.maps)
        );
        values = referred (differing (fields.values // instead));
        added = referred (lib.mapAttrs (_: one: one.added) (lib.filterAttrs (_: one: one ? added) fronts));
        maps = lib.filterAttrs (_: one: one.set != { } || one.drop != [ ]) (
          lib.mapAttrs difference (lib.filterAttrs (_: one: one ? some) fields.maps)
        );
        sets = lib.mapAttrs (_: one: referred one.set) maps;
        kernel = referred (lib.filterAttrs (name: one: !isLeft one && one != was.kernel.${name}) fields.kernel);
      in
      {
        difference = {
          values = refs values;
          fronts = refs added;
          maps = lib.mapAttrs (name: one: {
            set = refs sets.${name};
            inherit (one) drop;
          }) maps;
          kernel = refs kernel;
        };
        fragments = lib.listToAttrs (
          lib.concatMap lib.attrValues (
            [
              values
              added
              kernel
            ]
            ++ lib.attrValues sets
          )
        );
      };

  # Values by what they are: many requests of a batch have the same ones.
  referred = lib.mapAttrs (
    _: value: {
      name = builtins.hashString "md5" (builtins.toJSON value);
      inherit value;
    }
  );
  refs = lib.mapAttrs (_: one: one.name);
}
