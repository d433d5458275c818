# Setup hooks.
{ lib, final }:
let
  hook = name: final.makeStub { pname = name; version = "0"; passthru.isHook = true; };
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
}
// lib.genAttrs [
  "autoPatchelfHook"
  "makeWrapper"
  "makeBinaryWrapper"
  "makeShellWrapper"
  "wrapGAppsHook3"
  "wrapGAppsHook4"
  "autoreconfHook"
  "autoAddDriverRunpath"
  "addDriverRunpath"
  "installShellFiles"
  "copyDesktopItems"
  "desktopToDarwinBundle"
  "updateAutotoolsGnuConfigScriptsHook"
  "pkg-config"
  "pkgconf"
  "cmake"
  "ninja"
  "meson"
  "unzip"
  "zip"
  "versionCheckHook"
  "writableTmpDirAsHomeHook"
  "validatePkgConfig"
  "udevCheckHook"
  "bmake"
  "gobject-introspection"
  "dpkg"
  "rpmextract"
  "nukeReferences"
  "removeReferencesTo"
  "breakpointHook"
  "gitUpdater"
  "nix-update-script"
  "scons"
  "waf"
  "premake"
  "just"
  "libarchive"
  "undmg"
  "qt5"
  "qt6"
  "stripJavaArchivesHook"
  "which"
  "file"
  "patchelf"
] hook
// {
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
