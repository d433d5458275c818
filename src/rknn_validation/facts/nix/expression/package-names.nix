# Names of attributes of derivations. This file is a value: Nix reads it once for all requests of a batch.
let
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
    "runtimeInputs"
  ];
  outputNames = [
    "out"
    "dev"
    "lib"
    "bin"
  ];
  # What `placeholder` leaves in a script is replaced by the output's variable.
  placeholders = map builtins.placeholder outputNames;
  outputVariables = map (name: "$" + name) outputNames;
in
{
  inherit
    inputNames
    outputVariables
    phaseNames
    placeholders
    ;
  sourceNames = [
    "rev"
    "tag"
    "owner"
    "repo"
    "name"
    "outputHashAlgo"
    "outputHashMode"
  ];
  # Attributes that have a field of their own, or say nothing.
  describedElsewhere =
    phaseNames
    ++ inputNames
    ++ [
      "name"
      "pname"
      "version"
      "system"
      "builder"
      "args"
      "stdenv"
      "outputs"
      "passAsFile"
      "text"
      "src"
      "urls"
      "url"
      "meta"
      "__ignoreNulls"
      "__structuredAttrs"
      "depsBuildBuild"
      "depsBuildTarget"
      "depsHostHost"
      "depsTargetTarget"
    ];
  # What a description of the stand-in's stubs is made of.
  stubAttributes = {
    name = null;
    pname = null;
    version = null;
    outPath = null;
    system = null;
  };
  stubMeta = {
    license = null;
    platforms = null;
    position = null;
    mainProgram = null;
  };
}
