# A derivation -> the data a Package is made of. Nothing here builds; what throws is left out.
{ lib, subject }:

let
  safe =
    default: value:
    let
      tried = builtins.tryEval (builtins.deepSeq value value);
    in
    if tried.success then tried.value else default;

  phaseNames = [
    "unpackPhase"
    "patchPhase"
    "configurePhase"
    "buildPhase"
    "checkPhase"
    "installPhase"
    "fixupPhase"
    "preInstall"
    "postInstall"
    "preFixup"
    "postFixup"
    "postPatch"
    "preBuild"
    "postBuild"
    "buildCommand"
    "phases"
  ];
  inputNames = [
    "nativeBuildInputs"
    "buildInputs"
    "propagatedBuildInputs"
    "propagatedNativeBuildInputs"
    "dependencies"
    "build-system"
    "runtimeDependencies"
  ];

  drvName = drv: if lib.isAttrs drv then drv.pname or (drv.name or "?") else toString drv;

  source =
    drv:
    let
      src = drv.src or null;
      urls = src.urls or (if src ? url then [ src.url ] else [ ]);
    in
    if src == null || !(lib.isAttrs src) then
      null
    else
      {
        fetcher = src.fetcher or (if src ? url || src ? urls then "fetchurl" else "unknown");
        urls = map toString urls;
        hash = safe null (
          let
            hash = src.outputHash or (src.hash or (src.sha256 or null));
          in
          if hash == null then null else toString hash
        );
        attrs = lib.genAttrs (lib.filter (name: src ? ${name} && lib.isString src.${name}) [
          "rev"
          "tag"
          "owner"
          "repo"
          "name"
          "outputHashAlgo"
          "outputHashMode"
        ]) (name: src.${name});
      };

  license = one: {
    name =
      if lib.isString one then
        one
      else
        one.spdxId or (one.shortName or (one.fullName or "unknown"));
    free = one.free or null;
    redistributable = one.redistributable or null;
  };

  # Text known before anything is built: writeTextDir and its kin.
  filesOf =
    drv:
    let
      destination = lib.removePrefix "/" (drv.destination or "");
    in
    if drv ? text && lib.isString drv.text then
      { ${if destination == "" then drv.name else destination} = drv.text; }
    else
      { };

  membersOf =
    drv:
    lib.filter lib.isDerivation (
      if lib.isList (drv.paths or null) then
        drv.paths
      else if drv ? python && drv ? env then
        drv.requiredPythonModules or [ ]
      else
        [ ]
    );

  describe = describeTo 2;
  # The stand-in's well-known packages have nothing to look into.
  describeStub = drv: {
    inherit (drv) name pname version system;
    out_path = drv.outPath;
    builder = "mkDerivation";
    source = null;
    licenses = map license (lib.toList drv.meta.license);
    inherit (drv.meta) platforms;
    broken = false;
    main_program = drv.meta.mainProgram or null;
    python = drv.pythonModule.pythonVersion or null;
    inputs = { };
    members = [ ];
    files = { };
    phases = { };
    attrs = { };
    inherit (drv.meta) position;
    origin = "nixpkgs";
  };
  describeTo =
    depth: drv:
    if drv.isStub or false && !drv ? inputDerivation then describeStub drv else describeAny depth drv;
  describeAny =
    depth: drv:
    safe (fallback drv) (
      let
        meta = drv.meta or { };
        position = meta.position or null;
      in
      {
        name = drv.name or "?";
        pname = drv.pname or null;
        version = if drv ? version then toString drv.version else null;
        out_path = safe "/nix/store/unknown-${drv.name or "?"}" drv.outPath;
        system = drv.system or null;
        builder = "mkDerivation";
        source = safe null (source drv);
        licenses = map license (lib.toList (meta.license or [ ]));
        platforms = lib.filter lib.isString (lib.toList (meta.platforms or [ ]));
        broken = meta.broken or false;
        main_program = meta.mainProgram or null;
        python = drv.pythonModule.pythonVersion or (drv.python.pythonVersion or null);
        inputs = lib.genAttrs (lib.filter (name: lib.isList (drv.${name} or null)) inputNames) (
          name: map drvName (lib.filter (one: one != null) drv.${name})
        );
        members = if depth == 0 then [ ] else map (describeTo (depth - 1)) (membersOf drv);
        files = safe { } (filesOf drv);
        phases = lib.genAttrs (lib.filter (name: lib.isString (drv.${name} or null)) phaseNames) (
          name: drv.${name}
        );
        attrs = { };
        inherit position;
        origin =
          if position == null then
            "unknown"
          else if lib.hasPrefix subject.root position then
            "subject"
          else
            "nixpkgs";
      }
    );
  fallback = drv: {
    name = safe "?" (drv.name or "?");
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
in
{
  inherit safe describe;
  describeAll = map describe;
}
