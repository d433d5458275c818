# One interpreter's package set: buildPythonPackage and stubs for well-known packages.
{
  lib,
  final,
  self,
  known,
  python,
  pythonVersion,
  requiredModules,
}:
let
  stub =
    pname:
    let
      version = known.versions.${pname} or "1.0";
    in
    self.toPythonModule (
      final.makeStub {
        inherit pname version;
        name = "python${pythonVersion}-${pname}-${version}";
      }
    );
  build =
    isApplication: fnOrAttrs:
    let
      convert =
        args:
        let
          version = args.version or "0";
          name = "${lib.optionalString (!isApplication) "python${pythonVersion}-"}${args.pname or (lib.getName args.name)}-${version}";
          format =
            if args.format or null != null then
              args.format
            else if args.pyproject or null == true then
              "pyproject"
            else if args.pyproject or null == false then
              "other"
            else
              "setuptools";
          propagated =
            args.propagatedBuildInputs or [ ]
            ++ args.dependencies or [ ]
            ++ [ python ];
        in
        if args.disabled or false then
          throw "${name} not supported for interpreter ${python.executable}"
        else
          removeAttrs args [
            "disabled"
            "dependencies"
            "optional-dependencies"
            "build-system"
            "pyproject"
            "format"
            "pythonImportsCheck"
            "checkInputs"
            "nativeCheckInputs"
            "meta"
          ]
          // {
            inherit name version;
            pname = args.pname or (lib.getName args.name);
            nativeBuildInputs =
              args.nativeBuildInputs or [ ]
              ++ args.build-system or [ ]
              ++ lib.optional (format == "wheel") self.wheelUnpackHook;
            propagatedBuildInputs = propagated;
            doCheck = false;
            strictDeps = args.strictDeps or true;
            pythonImportsCheck = args.pythonImportsCheck or [ ];
            passthru = {
              inherit (args) disabled;
              inherit python;
              dependencies = args.dependencies or [ ];
              optional-dependencies = args.optional-dependencies or { };
              build-system = args.build-system or [ ];
            }
            // lib.optionalAttrs (!isApplication) {
              pythonModule = python;
              requiredPythonModules = requiredModules propagated;
            }
            // (args.passthru or { });
            meta = {
              platforms = python.meta.platforms;
              isBuildPythonPackage = python.meta.platforms;
            }
            // (args.meta or { });
          }
          // {
            dontUsePipInstall = format == "other";
            pythonFormat = format;
          }
          // lib.optionalAttrs (!args ? pos) {
            pos =
              if args.meta.description or null != null then
                builtins.unsafeGetAttrPos "description" args.meta
              else
                builtins.unsafeGetAttrPos "pname" args;
          };
      convert' =
        args: convert args // { passthru = removeAttrs (convert args).passthru (lib.optional (!args ? disabled) "disabled"); };
    in
    final.stdenv.mkDerivation (
      if lib.isFunction fnOrAttrs then finalAttrs: convert' (fnOrAttrs finalAttrs) else convert' fnOrAttrs
    );
in
lib.genAttrs known.names stub
// {
  inherit python lib;
  pkgs = final;
  inherit (final) stdenv;
  callPackage = lib.callPackageWith (final // self);
  newScope = extra: lib.callPackageWith (final // self // extra);
  buildPythonPackage = lib.makeOverridable (build false);
  buildPythonApplication = lib.makeOverridable (build true);
  inherit (final) fetchPypi;
  overrideScope = overlay: (python.override { packageOverrides = overlay; }).pkgs;
  toPythonModule =
    drv:
    drv
    // {
      pythonModule = python;
      pythonPath = [ ];
      requiredPythonModules = requiredModules (drv.propagatedBuildInputs or [ ]);
    };
  toPythonApplication =
    drv:
    drv
    // {
      pythonModule = false;
    };
  inherit (python)
    isPy3k
    isPyPy
    pythonAtLeast
    pythonOlder
    sitePackages
    ;
  isPy27 = false;
  isPy311 = pythonVersion == "3.11";
  isPy312 = pythonVersion == "3.12";
  isPy313 = pythonVersion == "3.13";
  isPy314 = pythonVersion == "3.14";
  hasPythonModule = drv: drv ? pythonModule && drv.pythonModule == python;
  inherit requiredModules;
  requiredPythonModules = requiredModules;
  makePythonPath = drvs: lib.makeSearchPath python.sitePackages (requiredModules drvs);
  disabled = drv: throw "${drv.name} not supported for interpreter ${python.executable}";
  disabledIf = condition: drv: if condition then self.disabled drv else drv;
  bootstrap = { };
  tree-sitter-grammars = lib.genAttrs [ "tree-sitter-bash" "tree-sitter-nix" ] stub;
}
