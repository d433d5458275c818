# Overriding and calling package functions.
{ lib }:
let
  inherit (builtins) attrNames intersectAttrs;
in
rec {
  overrideDerivation =
    drv: f:
    let
      new = builtins.derivation (drv.drvAttrs // f drv);
    in
    drv // new // { overrideDerivation = overrideDerivation new; };
  makeOverridable =
    f:
    lib.mirrorFunctionArgs f (
      args:
      let
        result = f args;
        overrideWith = new: args // (if lib.isFunction new then new args else new);
        override = lib.mirrorFunctionArgs f (new: makeOverridable f (overrideWith new));
        again = change: makeOverridable (lib.mirrorFunctionArgs f (args: change (f args))) args;
      in
      if builtins.isAttrs result then
        result
        // {
          inherit override;
          overrideDerivation = change: again (drv: overrideDerivation drv change);
        }
        // lib.optionalAttrs (result ? overrideAttrs) {
          overrideAttrs = change: again (drv: drv.overrideAttrs change);
        }
      else if lib.isFunction result then
        lib.setFunctionArgs result (lib.functionArgs result) // { inherit override; }
      else
        result
    );
  callPackageWith =
    autoArgs: fn: args:
    let
      f = if lib.isFunction fn then fn else import fn;
      wanted = lib.functionArgs f;
      given = intersectAttrs wanted autoArgs // args;
      missing = lib.filter (name: !wanted.${name} && !given ? ${name}) (attrNames wanted);
      where =
        name:
        let
          position = builtins.unsafeGetAttrPos name wanted;
        in
        if position == null then "<unknown location>" else "${position.file}:${toString position.line}";
    in
    if missing == [ ] then
      if builtins.isFunction f || f ? __functor then
        if builtins.isAttrs given then makeOverridable f given else null
      else
        f given
    else
      abort "lib.customisation.callPackageWith: Function called without required argument \"${lib.head missing}\" at ${where (lib.head missing)}";
  callPackagesWith =
    autoArgs: fn: args:
    let
      f = if lib.isFunction fn then fn else import fn;
      given = intersectAttrs (lib.functionArgs f) autoArgs // args;
      packages = f given;
    in
    if lib.isDerivation packages then
      throw "function `callPackages` was called on a *single* derivation"
    else
      lib.mapAttrs (
        name: value:
        if lib.isDerivation value then
          makeOverridable (lib.mirrorFunctionArgs f (args: (f args).${name})) given
        else
          value
      ) packages;
  extendDerivation =
    condition: passthru: drv:
    let
      outputs = drv.outputs or [ "out" ];
      common = drv // lib.listToAttrs list // { all = map (entry: entry.value) list; } // passthru;
      list = map (output: {
        name = output;
        value =
          common
          // {
            inherit (drv.${output}) type outputName;
            drvPath = assert condition; drv.${output}.drvPath;
            outPath = assert condition; drv.${output}.outPath;
            outputSpecified = true;
          }
          // lib.optionalAttrs (passthru ? overrideAttrs) {
            overrideAttrs = f: (passthru.overrideAttrs f).${output};
          };
      }) outputs;
    in
    common
    // {
      drvPath = assert condition; drv.drvPath;
      outPath = assert condition; drv.outPath;
    };
  hydraJob = drv: drv;
  makeScope = newScope: f: makeScopeWithSplicing' {
    otherSplices = { };
    makeScopeWithSplicing = null;
  } newScope f;
  makeScopeWithSplicing' =
    _: newScope: f:
    let
      self =
        f self
        // {
          newScope = scope: newScope (self // scope);
          callPackage = self.newScope { };
          overrideScope = overlay: makeScope newScope (lib.extends overlay f);
          packages = f;
        };
    in
    self;
  makeScopeWithSplicing = _: _: throw "makeScopeWithSplicing: not carried by the stand-in for nixpkgs";
  renameCrossIndexFrom = prefix: set: {
    buildBuild = set."${prefix}BuildBuild";
    buildHost = set."${prefix}BuildHost";
    buildTarget = set."${prefix}BuildTarget";
    hostHost = set."${prefix}HostHost";
    hostTarget = set."${prefix}HostTarget";
    targetTarget = set."${prefix}TargetTarget";
  };
  # Functions that take attributes or `finalAttrs: attributes`, on top of `stdenv.mkDerivation`.
  extendMkDerivation =
    {
      constructDrv,
      excludeDrvArgNames ? [ ],
      excludeFunctionArgNames ? [ ],
      extendDrvArgs,
      transformDrv ? lib.id,
      inheritFunctionArgs ? true,
    }:
    lib.setFunctionArgs (
      fpargs:
      transformDrv (
        constructDrv (
          finalAttrs:
          let
            args = if lib.isFunction fpargs then fpargs finalAttrs else fpargs;
          in
          removeAttrs args excludeDrvArgNames // extendDrvArgs finalAttrs args
        )
      )
    ) (removeAttrs (lib.functionArgs (extendDrvArgs { })) excludeFunctionArgNames);
  mapCrossIndex = f: set: lib.mapAttrs (_: f) set;
}
