# A host as it is deployed: `nixosConfigurations.NAME` of a flake, or what a file holds.
#
# `host` = { flake, path } or { file, path }. A file may hold hosts by name or be a function that gives them; a host is
# an evaluated system or a module.
{
  lib,
  parts,
  evalConfig,
  host,
}:
let
  whole =
    let
      value = import host.file;
      # A function whose arguments all have defaults is called, as `nix-instantiate` does.
      formals = lib.attrValues (lib.functionArgs value);
    in
    if lib.isFunction value && formals != [ ] && lib.all lib.id formals then value { } else value;
  at = lib.concatStringsSep "." host.path;
  found =
    if host.flake != "" then
      parts.attribute host.flake host.path
    else
      lib.attrByPath host.path (throw "${host.file} has no attribute ${at}") whole;
  isSystem = value: lib.isAttrs value && value ? config && value ? options;
  isModule = value: lib.isFunction value || (lib.isAttrs value && !(lib.isDerivation value));
in
if isSystem found then
  {
    pkgs = found.config._module.args.pkgs or found._module.args.pkgs;
  }
  // found
else if host.flake == "" && isModule found then
  evalConfig [ found ]
else
  throw "${at} is no NixOS configuration: expected what nixosSystem${
    lib.optionalString (host.flake == "") ", eval-config.nix"
  } gives${lib.optionalString (host.flake == "") ", or a module"}${
    lib.optionalString (lib.isAttrs found) "; it has ${lib.concatStringsSep ", " (lib.attrNames found)}"
  }"
