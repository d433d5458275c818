# What a subject names -> values: modules, overlays and packages from files or attributes of flakes, host configurations.
#
# A part is { file, more } or { flake, path }. `more` are the functions that a file is beside what NixOS takes (see
# shapes.py): each is given what it names of the special arguments, and of the flake that the subject lies in.
{
  lib,
  nixpkgs,
  # What ./flake.nix takes, by reference.
  flakes,
  # Which of them the subject lies in, null for none.
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
      # What the function `outputs` is given has the flake itself among its inputs.
      flake = called.${reference} // lib.optionalAttrs (called.${reference} ? inputs) {
        inputs = called.${reference}.inputs // { self = called.${reference}; };
      };
      known = lib.attrNames (lib.attrByPath (lib.init path) { } flake);
    in
    lib.attrByPath path (throw "the flake ${reference} has no ${lib.concatStringsSep "." path}; it has ${
      if known == [ ] then "nothing there" else lib.concatStringsSep ", " known
    }") flake;

  # Where the subject lies in a flake, its functions may ask for that flake and its inputs.
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
  # A module stays a path where it can: messages then name its file.
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
