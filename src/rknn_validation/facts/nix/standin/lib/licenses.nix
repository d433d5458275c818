# Licences: which exist, their SPDX identifiers, and whether they are free and redistributable.
# data/licenses.json holds [ spdxId free redistributable shortName? ] by attribute name.
{ lib }:
let
  entry =
    name: facts:
    let
      spdx = builtins.elemAt facts 0;
      shortName = if lib.length facts > 3 then builtins.elemAt facts 3 else name;
    in
    {
      inherit shortName;
      fullName = if spdx == null then shortName else spdx;
      free = builtins.elemAt facts 1;
      redistributable = builtins.elemAt facts 2;
      deprecated = false;
    }
    // lib.optionalAttrs (spdx != null) {
      spdxId = spdx;
      url = "https://spdx.org/licenses/${spdx}.html";
    };
in
let
  compound = operator: licenses: {
    licenseType = "compound";
    inherit operator licenses;
  };
in
builtins.mapAttrs entry (lib.importJSON ./data/licenses.json)
// {
  AND = compound "AND";
  OR = compound "OR";
  WITH = license: exception: license // { inherit exception; };
  PLUS = license: license;
}
