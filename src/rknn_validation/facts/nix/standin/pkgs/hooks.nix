# Setup hooks; the others are stubs as all packages are.
{ lib, final }:
let
  hook = pname: final.makeStub { inherit pname; version = "0"; };
in
{
  makeSetupHook =
    {
      name ? throw "makeSetupHook: give a name",
      propagatedBuildInputs ? [ ],
      meta ? { },
      passthru ? { },
      substitutions ? { },
      ...
    }:
    script:
    final.runCommand name {
      inherit propagatedBuildInputs meta passthru;
    } "hook";
  patchelfUnstable = final.patchelf;
  autoAddOpenGLRunpathHook = final.autoAddDriverRunpath;
  addOpenGLRunpath = final.addDriverRunpath;
  unstableGitUpdater = _: null;
  gitUpdater = _: null;
  nix-update-script = _: null;
  genericUpdater = _: null;
  directoryListingUpdater = _: null;
  qt5 = lib.recurseIntoAttrs { wrapQtAppsHook = hook "wrap-qt5-apps-hook"; qtbase = hook "qtbase"; };
  qt6 = lib.recurseIntoAttrs { wrapQtAppsHook = hook "wrap-qt6-apps-hook"; qtbase = hook "qtbase"; };
  addDriverRunpath = hook "add-driver-runpath" // {
    driverLink = "/run/opengl-driver";
  };
}
