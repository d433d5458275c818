# The modules, overlays, packages and hosts that a subject names, from files or from attributes of flakes.
#
# A part is { file, more } or { flake, path }. `more` are the functions around the file's module or overlay (see
# shapes.py): each is given the special arguments, and the inputs of the subject's flake, that it names.
{
  lib,
  nixpkgs,
  # Graphs as ./flake.nix takes them, by reference.
  flakes,
  # The reference of the flake that holds the subject, or null.
  home,
  specialArgs,
}:
let
  called = lib.mapAttrs (
    _: graph:
    import ./flake.nix {
      inherit (graph) nodes root;
      serving = nixpkgs;
    }
  ) flakes;

  attribute =
    reference: path:
    let
      # The function `outputs` has the flake itself among its inputs.
      flake = called.${reference} // lib.optionalAttrs (called.${reference} ? inputs) {
        inputs = called.${reference}.inputs // { self = called.${reference}; };
      };
      known = lib.attrNames (lib.attrByPath (lib.init path) { } flake);
    in
    lib.attrByPath path (throw "the flake ${reference} has no ${lib.concatStringsSep "." path}; it has ${
      if known == [ ] then "nothing there" else lib.concatStringsSep ", " known
    }") flake;

  # The functions of a subject in a flake may take that flake and its inputs.
  own = lib.optionalAttrs (home != null) {
    self = called.${home};
    inputs = attribute home [ "inputs" ];
  };
  special = lib.mapAttrs (
    _: one:
    if one ? flake then
      attribute one.flake one.path
    else if one ? file then
      import one.file
    else
      one.value
  ) specialArgs;
  given = own.inputs or { } // own // special;
  wanting = name: throw "a function of the subject wants `${name}`: give it by specialArgs";
  apply =
    value: parameter:
    value (
      if parameter.name != "" && parameter.names == [ ] then
        given.${parameter.name} or (if given == { } then wanting parameter.name else given)
      else
        lib.filterAttrs (name: _: lib.elem name parameter.names) given
    );
  located =
    part:
    lib.setDefaultModuleLocation (
      if part ? flake then "${part.flake}#${lib.concatStringsSep "." part.path}" else part.file
    ) (value part);
  value =
    part: if part ? flake then attribute part.flake part.path else lib.foldl' apply (import part.file) part.more;
in
{
  specialArgs = special;
  inherit attribute;
  # A module stays a path where possible, so that messages name its file.
  module = part: if part ? flake || part.more != [ ] then located part else part.file;
  # An overlay, a list of them, or a set of them by name.
  overlays =
    part:
    let
      found = value part;
    in
    if lib.isAttrs found && !(found ? __functor) then lib.attrValues found else lib.toList found;
  package =
    pkgs: part:
    let
      found = value part;
      isFile = part ? file;
    in
    if lib.isFunction found then pkgs.callPackage (if isFile && part.more == [ ] then part.file else found) { } else found;
}
