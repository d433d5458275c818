# stdenv.mkDerivation: real derivations (store paths are computed), metadata, refusals as nixpkgs words them.
{ lib, final }:
let
  check = import ./check-meta.nix { inherit lib final; };
  # Attributes that are not passed to the builder.
  evaluationOnly = [
    "meta"
    "passthru"
    "pos"
    "env"
    "checkInputs"
    "installCheckInputs"
    "nativeCheckInputs"
    "nativeInstallCheckInputs"
    "__contentAddressed"
    "finalPackage"
    "overrideAttrs"
  ];
  dependencyNames = [
    "depsBuildBuild"
    "nativeBuildInputs"
    "depsBuildTarget"
    "depsHostHost"
    "buildInputs"
    "depsTargetTarget"
    "propagatedNativeBuildInputs"
    "propagatedBuildInputs"
  ];
  checkDependency =
    attribute: name: dependency:
    if dependency == null || lib.isDerivation dependency || lib.isStringLike dependency || builtins.isPath dependency then
      dependency
    else if lib.isList dependency then
      map (checkDependency attribute name) dependency
    else
      throw "Dependency is not of a valid type: element 1 of ${attribute} for ${name}";
  position =
    attrs:
    if attrs ? pos then
      attrs.pos
    else if attrs.meta.description or null != null then
      builtins.unsafeGetAttrPos "description" attrs.meta
    else if attrs.version or null != null then
      builtins.unsafeGetAttrPos "version" attrs
    else
      builtins.unsafeGetAttrPos "name" attrs;

  make =
    stdenv: rattrs:
    let
      args = rattrs (
        args
        // {
          inherit finalPackage overrideAttrs;
        }
      );
      overrideAttrs =
        change:
        let
          overlay =
            final: prev:
            let
              once = if lib.isFunction change then change prev else change;
            in
            if lib.isFunction once then change final prev else once;
        in
        make stdenv (lib.extends overlay rattrs);
      finalPackage = build stdenv overrideAttrs args;
    in
    finalPackage;

  build =
    stdenv: overrideAttrs: attrs:
    let
      name =
        attrs.name or (
          if attrs ? pname then
            "${attrs.pname}-${attrs.version or (throw "derivation ‘${attrs.pname}’ has pname but neither name nor version")}"
          else
            throw "derivation name missing: give `name`, or `pname` and `version`"
        );
      pos = position attrs;
      inherit (check.validity { inherit name pos attrs stdenv; }) meta refusal;
      doCheck = attrs.doCheck or false;
      nativeBuildInputs =
        attrs.nativeBuildInputs or [ ]
        ++ lib.optionals doCheck (attrs.nativeCheckInputs or [ ]);
      buildInputs = attrs.buildInputs or [ ] ++ lib.optionals doCheck (attrs.checkInputs or [ ]);
      env = attrs.env or { };
      clash = lib.attrNames (builtins.intersectAttrs env attrs);
      drvAttrs =
        removeAttrs attrs evaluationOnly
        // lib.mapAttrs (
          variable: value:
          if lib.isString value || lib.isBool value || lib.isInt value || lib.isDerivation value then
            value
          else
            throw "The `env` attribute set can only contain derivations, strings, booleans or integers. The `${variable}` attribute is of type ${builtins.typeOf value}."
        ) env
        // {
          name = lib.strings.sanitizeDerivationName name;
          inherit (stdenv.hostPlatform) system;
          builder = attrs.realBuilder or "/bin/sh";
          args = attrs.args or [ "-e" ];
          inherit (stdenv) name';
          stdenv = "stdenv-linux";
          __ignoreNulls = true;
          outputs = attrs.outputs or [ "out" ];
        }
        // lib.genAttrs dependencyNames (
          attribute:
          map (checkDependency attribute name) (
            {
              inherit nativeBuildInputs buildInputs;
            }
            .${attribute} or attrs.${attribute} or [ ]
          )
        );
      valid =
        if refusal == null then
          if clash != [ ] then
            throw "The `env` attribute set cannot contain any attributes passed to derivation. The following attributes are overlapping: ${lib.concatStringsSep ", " clash}"
          else
            true
        else
          refusal stdenv.config;
      drv = builtins.derivation (removeAttrs drvAttrs [ "name'" ]);
    in
    lib.extendDerivation valid (
      {
        inherit meta overrideAttrs stdenv;
        passthru = attrs.passthru or { };
        inherit (drvAttrs) nativeBuildInputs buildInputs propagatedBuildInputs;
        # For scripts that fetch a package's inputs.
        inputDerivation = drv;
        __spliced = { };
      }
      // lib.optionalAttrs (attrs ? env) { inherit env; }
      // (attrs.passthru or { })
    ) drv;

  makeStdenv =
    change:
    let
      stdenv = {
        type = "derivation";
        name = "stdenv-linux";
        name' = "stdenv-linux";
        outPath = "/nix/store/00000000000000000000000000000000-stdenv-linux";
        drvPath = "/nix/store/00000000000000000000000000000000-stdenv-linux.drv";
        outputName = "out";
        outputs = [ "out" ];
        inherit (final) config buildPlatform hostPlatform targetPlatform;
        inherit (final.hostPlatform)
          system
          isLinux
          isDarwin
          isAarch64
          isx86_64
          isi686
          is64bit
          is32bit
          isAarch32
          ;
        shell = "${final.bash}/bin/bash";
        shellPackage = final.bash;
        isGNU = true;
        isClang = false;
        cc = final.gcc;
        libc = final.glibc;
        extraBuildInputs = [ ];
        initialPath = [ ];
        mkDerivation =
          fnOrAttrs: make stdenv (if lib.isFunction fnOrAttrs then fnOrAttrs else _: fnOrAttrs);
        override = more: makeStdenv (change // (if lib.isFunction more then more change else more));
      }
      // change;
    in
    stdenv;
in
{
  stdenv = makeStdenv { };
  stdenvNoCC = makeStdenv { };
  stdenvNoLibs = makeStdenv { };
  gccStdenv = makeStdenv { };
  gcc13Stdenv = makeStdenv { };
  gcc14Stdenv = makeStdenv { };
  gcc15Stdenv = makeStdenv { };
  # Only in older nixpkgs that lock files may name.
  gcc9Stdenv = makeStdenv { };
  gcc10Stdenv = makeStdenv { };
  gcc11Stdenv = makeStdenv { };
  gcc12Stdenv = makeStdenv { };
  clangStdenv = makeStdenv { isClang = true; };
  llvmStdenv = makeStdenv { };
  ccacheStdenv = makeStdenv { };
  overrideCC = stdenv: cc: stdenv.override { inherit cc; };
  addAttrsToDerivation = _: stdenv: stdenv;
  mkShell =
    args:
    final.stdenv.mkDerivation (
      {
        name = "nix-shell";
      }
      // removeAttrs args [
        "packages"
        "inputsFrom"
      ]
      // {
        nativeBuildInputs = args.packages or [ ] ++ args.nativeBuildInputs or [ ];
      }
    );
  mkShellNoCC = final.mkShell;
}
