# Python interpreters and their package sets.
{ lib, final }:
let
  known = lib.importJSON ./data/python-packages.json;
  interpreters = {
    python311 = "3.11.15";
    python312 = "3.12.13";
    python313 = "3.13.12";
    python314 = "3.14.3";
    python315 = "3.15.0a8";
  };
  make =
    attribute: version: overrides:
    let
      pythonVersion = lib.versions.majorMinor version;
      name = "python${pythonVersion}";
      python = final.makeStub {
        pname = "python3";
        inherit version;
        mainProgram = name;
        passthru = rec {
          inherit pythonVersion packageOverrides;
          sourceVersion = {
            major = lib.versions.major version;
            minor = lib.versions.minor version;
            patch = lib.versions.patch version;
            suffix = "";
          };
          pythonAttr = attribute;
          implementation = "cpython";
          libPrefix = name;
          executable = name;
          sitePackages = "lib/${name}/site-packages";
          isPy3 = true;
          isPy3k = true;
          isPyPy = false;
          pythonAtLeast = lib.versionAtLeast pythonVersion;
          pythonOlder = lib.versionOlder pythonVersion;
          hasDistutilsCxxPatch = false;
          interpreter = "${python}/bin/${name}";
          pythonOnBuildForHost = python;
          pythonOnBuildForHost_overridden = python;
          pkgs = packages;
          withPackages = f: buildEnv { extraLibs = f packages; };
          inherit buildEnv;
          tests = { };
        };
      };
      packageOverrides = overrides;
      # `override { packageOverrides = ...; }` gives the same interpreter with a changed package set.
      complete = python // {
        override =
          change:
          let
            args = if lib.isFunction change then change { packageOverrides = overrides; } else change;
          in
          make attribute version (args.packageOverrides or overrides);
        pkgs = packages;
        withPackages = f: buildEnv { extraLibs = f packages; };
        inherit buildEnv;
      };
      buildEnv =
        {
          extraLibs ? [ ],
          extraOutputsToInstall ? [ ],
          postBuild ? "",
          ignoreCollisions ? false,
          makeWrapperArgs ? [ ],
          ...
        }:
        final.buildEnv {
          name = "python3-${version}-env";
          paths = requiredModules extraLibs ++ [ complete ];
          inherit ignoreCollisions postBuild;
          meta.mainProgram = name;
          passthru = {
            python = complete;
            inherit extraLibs pythonVersion;
            interpreter = "python-env/bin/${name}";
            isPythonEnv = true;
          };
        };
      requiredModules =
        drvs:
        let
          # An opaque package may be one.
          isModule = drv: drv.pythonModule or false != false || drv._type or "" == "opaque";
          modules = lib.filter isModule drvs;
        in
        lib.unique (lib.concatLists (lib.catAttrs "requiredPythonModules" modules) ++ modules);
      packages = lib.fix (
        lib.foldl' (f: overlay: lib.extends overlay f) (
          self:
          import ./python-packages.nix {
            inherit
              lib
              final
              self
              known
              requiredModules
              ;
            python = complete;
            inherit pythonVersion;
          }
        ) (
          (final.pythonPackagesExtensions or [ ]) ++ [ overrides ]
        )
      );
    in
    complete;
  sets = lib.mapAttrs (attribute: version: make attribute version (_: _: { })) interpreters;
in
sets
// lib.mapAttrs' (attribute: _: lib.nameValuePair "${attribute}Packages" final.${attribute}.pkgs) interpreters
// {
  python3 = final.python313;
  python3Packages = final.python3.pkgs;
  python3Minimal = final.python313;
  python = throw "'python' has been removed: use python3";
  pythonPackages = throw "'pythonPackages' has been removed: use python3Packages";
  pythonPackagesExtensions = [ ];
  pythonInterpreters = sets;
  pypy3 = final.makeStub { pname = "pypy"; version = "7.3.19"; };
}
