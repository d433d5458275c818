# Values in unit files: their types, and the checks that NixOS makes of a section.
{ lib }:
let
  inherit (lib) types;
in
{
  unitNameType = types.strMatching "[a-zA-Z0-9@%:_.\\-]+[.](service|socket|device|mount|automount|swap|target|path|timer|scope|slice)";

  # A value of a section. Lists repeat the key and are concatenated; other values may only be defined once.
  unitOption = lib.mkOptionType {
    name = "systemd option";
    merge =
      loc: defs:
      let
        kept = lib.filterOverrides defs;
      in
      if lib.isList (lib.head kept).value then
        lib.concatMap (
          def:
          if lib.isList def.value then
            def.value
          else
            throw "The definitions for systemd unit options should be either all lists, representing repeatable options, or all non-lists, but for the option ${lib.showOption loc}, the definitions are a mix of list and non-list ${lib.options.showDefs kept}"
        ) kept
      else
        lib.mergeEqualOption loc kept;
  };

  # `checks` see a whole section before it is merged, without its conditions and priorities.
  checkUnitConfig =
    group: checks: section:
    let
      plain = lib.mapAttrs (
        _: value: if value._type or "" == "override" || value._type or "" == "if" then value.content else value
      ) section;
      errors = lib.concatMap (check: check group plain) checks;
    in
    errors == [ ] || builtins.trace (lib.concatStringsSep "\n" errors) false;
  assertValueOneOf =
    name: values: group: section:
    lib.optional (
      section ? ${name} && !lib.elem section.${name} values
    ) "Systemd ${group} field `${name}' cannot have value `${toString section.${name}}'.";
  assertOnlyFields =
    fields: group: section:
    let
      others = lib.filter (name: !lib.elem name fields) (lib.attrNames section);
    in
    lib.optional (others != [ ]) "Systemd ${group} has extra fields [${lib.concatStringsSep " " others}].";
}
