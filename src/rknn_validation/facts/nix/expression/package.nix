# Derivations as data for Package (configuration.py). Nothing is built; attributes that no build needs may throw.
#
# A package is described once per batch: configurations name it by `key`, and `table` maps keys to descriptions.
{
  lib,
  subject,
  index,
  try,
}:

let
  inherit (try) quietly;

  inherit (import ./package-names.nix)
    describedElsewhere
    inputNames
    outputVariables
    phaseNames
    placeholders
    sourceNames
    stubAttributes
    stubMeta
    ;

  nameOf = drv: if lib.isAttrs drv then drv.pname or (drv.name or "?") else toString drv;

  # An unchanged stub of the stand-in: it is the same in all configurations.
  isStub =
    drv:
    drv.isStub or false
    && !drv ? inputDerivation
    && builtins.intersectAttrs stubAttributes drv == builtins.intersectAttrs stubAttributes drv.out
    && builtins.intersectAttrs stubMeta drv.meta == builtins.intersectAttrs stubMeta drv.out.meta;
  # A string is a store path that somebody wrote down.
  outPath = drv: builtins.unsafeDiscardStringContext (toString (drv.outPath or drv));
  known = drv: try.firmly "unknown ${quietly "?" (drv.name or "?")}" (outPath drv);
  key =
    drv:
    if isStub drv then
      "${drv.outPath}${lib.optionalString (drv ? pythonModule) " ${drv.pythonModule.pythonVersion or ""}"}"
    else
      "${index} ${known drv}";

  source =
    quietly: drv:
    let
      src = drv.src or null;
      urls = src.urls or (if src ? url then [ src.url ] else [ ]);
      hash = src.outputHash or (src.hash or (src.sha256 or null));
    in
    if !lib.isAttrs src then
      null
    else
      {
        fetcher =
          src.fetcher or (
            if src ? gitRepoUrl then
              "fetchgit"
            else if src ? url || src ? urls then
              "fetchurl"
            else
              "unknown"
          );
        urls = map toString urls;
        hash = quietly null (if hash == null then null else toString hash);
        attrs = lib.filterAttrs (_: lib.isString) (
          lib.genAttrs sourceNames (name: src.${name} or null)
        );
      };

  license = one: {
    name = if lib.isString one then one else one.spdxId or (one.shortName or (one.fullName or "unknown"));
    free = one.free or null;
    redistributable = one.redistributable or null;
  };

  # Text that is known before anything is built, as of writeTextDir.
  filesOf =
    drv:
    let
      destination = lib.removePrefix "/" (drv.destination or "");
    in
    if lib.isString (drv.text or null) then
      { ${if destination == "" then drv.name else destination} = drv.text; }
    else
      { };

  membersOf =
    drv:
    lib.filter lib.isDerivation (
      if isStub drv then
        [ ]
      else if lib.isList (drv.paths or null) then
        drv.paths
      else if drv ? python && drv ? env then
        drv.requiredPythonModules or [ ]
      else if lib.isAttrs (drv.entries or null) then
        lib.attrValues drv.entries
      else
        [ ]
    );

  builder =
    drv:
    if lib.isString (drv.text or null) then
      "writeTextFile"
    else if lib.isList (drv.paths or null) then
      "buildEnv"
    else if drv ? pythonModule then
      "buildPythonPackage"
    else if drv ? buildCommand then
      "runCommand"
    else
      "mkDerivation";

  simple =
    value:
    if lib.isDerivation value then
      "«${value.name or "derivation"}»"
    else if builtins.isPath value then
      toString value
    else
      value;
  isSimple =
    value:
    lib.isString value
    || lib.isBool value
    || lib.isInt value
    || lib.isFloat value
    || builtins.isPath value
    || lib.isDerivation value;
  attributes =
    drv:
    lib.mapAttrs (_: value: if lib.isList value then map simple value else simple value) (
      lib.filterAttrs (_: value: isSimple value || (lib.isList value && lib.all isSimple value)) (
        removeAttrs (drv.drvAttrs or { }) describedElsewhere
      )
    );

  originOf =
    position:
    if position == null then
      "unknown"
    else if lib.hasPrefix "${subject.root}/" position then
      "subject"
    else
      "nixpkgs";

  describe =
    drv:
    if isStub drv then
      plain drv
      // {
        licenses = map license (lib.toList drv.meta.license);
        inherit (drv.meta) platforms position;
        main_program = drv.meta.mainProgram or null;
        python = drv.pythonModule.pythonVersion or null;
        origin = "nixpkgs";
      }
    else if !lib.isAttrs drv then
      nothing
      // {
        out_path = outPath drv;
        name = baseNameOf (outPath drv);
      }
    else
      let
        whole = described (_: value: value) drv;
        tried = builtins.tryEval (builtins.deepSeq whole whole);
      in
      # Where an attribute throws, the others are still described.
      if tried.success then
        tried.value
      else
        quietly (nothing // { out_path = known drv; }) (described quietly drv);
  described =
    quietly: drv:
    let
      meta = drv.meta or { };
      position = quietly null (meta.position or null);
      origin = originOf position;
    in
    plain drv
    // {
      out_path = known drv;
      builder = builder drv;
      source = quietly null (source quietly drv);
      licenses = quietly [ ] (map license (lib.toList (meta.license or [ ])));
      platforms = quietly [ ] (lib.filter lib.isString (lib.toList (meta.platforms or [ ])));
      broken = quietly false (meta.broken or false);
      main_program = quietly null (meta.mainProgram or null);
      python = quietly null (drv.pythonModule.pythonVersion or (drv.python.pythonVersion or null));
      inputs = quietly { } (
        lib.genAttrs (lib.filter (name: lib.isList (drv.${name} or null)) inputNames) (
          name: map nameOf (lib.filter (one: one != null) drv.${name})
        )
      );
      members = map key (membersOf drv);
      files = quietly { } (filesOf drv);
      phases = quietly { } (
        lib.genAttrs (lib.filter (name: lib.isString (drv.${name} or null)) phaseNames) (
          name: builtins.replaceStrings placeholders outputVariables drv.${name}
        )
      );
      attrs = if origin == "subject" then quietly { } (attributes drv) else { };
      inherit position origin;
    };
  plain =
    drv:
    nothing
    // {
      name = drv.name or "?";
      pname = drv.pname or null;
      version = if drv ? version then toString drv.version else null;
      out_path = drv.outPath;
      system = drv.system or null;
      builder = "mkDerivation";
    };
  nothing = {
    name = "?";
    pname = null;
    version = null;
    out_path = "/nix/store/unknown-package";
    system = null;
    builder = "unknown";
    source = null;
    licenses = [ ];
    platforms = [ ];
    broken = false;
    main_program = null;
    python = null;
    inputs = { };
    members = [ ];
    files = { };
    phases = { };
    attrs = { };
    position = null;
    origin = "unknown";
  };
  entry = drv: {
    key = key drv;
    inherit drv;
  };
in
{
  inherit
    filesOf
    key
    membersOf
    nameOf
    ;
  keys = map key;
  # Descriptions of the given packages and all they are composed of, by key.
  table =
    packages:
    lib.listToAttrs (
      map (one: lib.nameValuePair one.key (describe one.drv)) (
        builtins.genericClosure {
          startSet = map entry packages;
          # Never evaluated deeply: a package leads to the whole package set.
          operator =
            found: if quietly 0 (lib.length (membersOf found.drv)) == 0 then [ ] else map entry (membersOf found.drv);
        }
      )
    );
}
