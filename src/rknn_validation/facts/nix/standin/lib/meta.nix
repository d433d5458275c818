# Package metadata.
{ lib }:
rec {
  addMetaAttrs =
    new: drv:
    # A stub is changed without making it a derivation.
    if drv ? overrideAttrs && !drv.isStub or false then
      drv.overrideAttrs (old: { meta = (old.meta or { }) // new; })
    else
      drv // { meta = (drv.meta or { }) // new; };
  dontDistribute = addMetaAttrs { hydraPlatforms = [ ]; };
  setName = name: drv: drv // { inherit name; };
  updateName = f: drv: drv // { name = f drv.name; };
  appendToName =
    suffix:
    updateName (
      name:
      let
        parsed = builtins.parseDrvName name;
      in
      "${parsed.name}-${suffix}-${parsed.version}"
    );
  mapDerivationAttrset = f: set: lib.mapAttrs (_: drv: if lib.isDerivation drv then f drv else drv) set;
  defaultPriority = 5;
  setPrio = priority: addMetaAttrs { inherit priority; };
  lowPrio = setPrio 10;
  hiPrio = setPrio (-10);
  lowPrioSet = set: mapDerivationAttrset lowPrio set;
  hiPrioSet = set: mapDerivationAttrset hiPrio set;
  platformMatch =
    platform: element:
    if builtins.isString element then
      platform ? system && element == platform.system
    else
      lib.matchAttrs (if element ? parsed then element else { parsed = element; }) platform;
  availableOn =
    platform: package:
    ((!package ? meta.platforms) || lib.any (platformMatch platform) package.meta.platforms)
    && ((!package ? meta.badPlatforms) || !lib.any (platformMatch platform) package.meta.badPlatforms);
  licensesSpdx = lib.licensesSpdx;
  getLicenseFromSpdxId =
    id:
    getLicenseFromSpdxIdOr id (lib.warn "getLicenseFromSpdxId: No license matches the given SPDX ID: ${id}" { shortName = id; });
  getLicenseFromSpdxIdOr =
    id: default:
    let
      lowered = lib.mapAttrs' (name: license: lib.nameValuePair (lib.toLower name) license) lib.licensesSpdx;
    in
    lowered.${lib.toLower id} or default;
  getExe =
    package:
    getExe' package (
      package.meta.mainProgram or (lib.warn "getExe: Package ${
        lib.strings.escapeNixIdentifier package.meta.name or package.pname or package.name
      } does not have the meta.mainProgram attribute. We'll assume that the main program has the same name for now, but this behavior is deprecated, because it leads to surprising errors when the assumption does not hold. If the package has a main program, please set `meta.mainProgram` in its definition to make this warning go away. Otherwise, if the package does not have a main program, or if you don't control its definition, use getExe' to specify the name to the program, such as lib.getExe' foo \"bar\"." (lib.getName package))
    );
  getExe' =
    package: name:
    assert lib.assertMsg (lib.isDerivation package)
      "lib.meta.getExe': The first argument is of type ${builtins.typeOf package}, but it should be a derivation instead.";
    assert lib.assertMsg (lib.isString name)
      "lib.meta.getExe': The second argument is of type ${builtins.typeOf name}, but it should be a string instead.";
    assert lib.assertMsg (!lib.hasInfix "/" name)
      "lib.meta.getExe': The second argument \"${name}\" is a nested path with a \"/\" character, but it should just be the name of the executable instead.";
    "${lib.getBin package}/bin/${name}";
  cpeFullVersionWithVendor = vendor: version: { inherit vendor version; };
}
