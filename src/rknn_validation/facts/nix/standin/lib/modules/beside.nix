# Definitions of options that NixOS has and the stand-in lacks: they are accepted, traced, and returned when they are
# read.
{ lib }:
let
  inherit (builtins)
    all
    filter
    isAttrs
    isList
    isString
    length
    map
    mapAttrs
    ;
  opaque = import ../../opaque.nix;
  isPlain = value: isAttrs value && !(value ? _type) && !(value ? outPath) && !(value ? __functor);
  # Merges [ { file, value } ]. `tree` has further attributes that are read of the value.
  merge =
    what: tree: defs:
    let
      discharged = lib.concatMap (
        def: map (value: { inherit value; }) (lib.dischargeProperties def.value)
      ) defs;
      values = map (def: def.value) (lib.sortProperties (lib.filterOverrides discharged));
      byName = builtins.zipAttrsWith (_: map (value: { inherit value; })) values;
      defined = mapAttrs (name: merge "${what}${name}." (tree.${name} or { })) byName;
    in
    if values == [ ] then
      opaque.value (lib.removeSuffix "." what) tree
    else if all isPlain values then
      opaque.complete what defined tree
    else if length values == 1 then
      lib.head values
    else if all isList values then
      lib.concatLists values
    else if all isString values then
      lib.concatStringsSep "\n" values
    else
      lib.head values;
in
beside: options: unmatched:
let
  # Declared names that are similar to an undeclared one.
  alike =
    def:
    let
      wanted = lib.last def.prefix;
      close =
        name:
        let
          difference = lib.stringLength name - lib.stringLength wanted;
        in
        difference >= -1
        && difference <= 1
        && (lib.substring 0 2 name == lib.substring 0 2 wanted || lib.hasSuffix (lib.substring 2 (-1) wanted) name);
    in
    filter close (lib.attrNames (lib.attrByPath (lib.init def.prefix) { } options));
  accepts = def: lib.any (path: lib.take (length path) def.prefix == path) beside.accepted;
  parts = lib.partition accepts unmatched;
  names = map (def: lib.showOption def.prefix);
  shown = def: "  ${lib.showOption def.prefix}: ${toString (alike def)}";
in
if beside == null then
  {
    inherit unmatched;
    others = "";
    remembered = null;
  }
else
  {
    unmatched = parts.wrong;
    # One error names all undeclared options.
    others = "\n\nNot declared, and what is like it:\n${
      lib.concatStringsSep "\n" (lib.unique (map shown parts.wrong))
    }\n";
    remembered = lib.foldl' (done: name: opaque.remember name done) null (lib.unique (names parts.right));
    complete =
      config:
      let
        defined = merge "" beside.options (
          map (def: { value = lib.setAttrByPath def.prefix def.value; }) parts.right
        );
        # Declared options are not changed.
        add =
          what: base: more:
          if !isAttrs base || !isAttrs more then
            base
          else
            base
            // mapAttrs (
              name: value: if base ? ${name} then add "${what}${name}." base.${name} value else value
            ) more;
      in
      opaque.complete "" (if parts.right == [ ] then config else add "" config defined) beside.options;
  }
