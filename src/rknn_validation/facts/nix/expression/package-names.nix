# Names of what derivations hold. This file is a value: Nix reads it once for all requests of a batch.
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
  # What `placeholder` leaves in a script is the output's variable, said otherwise.
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
  # Attributes that are told elsewhere, or tell nothing.
  toldElsewhere =
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
  # What is told of a package of the stand-in's list.
  told = {
    name = null;
    pname = null;
    version = null;
    outPath = null;
    system = null;
  };
  toldOfMeta = {
    license = null;
    platforms = null;
    position = null;
    mainProgram = null;
  };
}
