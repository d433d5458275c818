# Builders of other languages' packages, all resting on stdenv.
{ lib, final }:
let
  build =
    extra: fnOrAttrs:
    let
      add = args: args // extra args;
    in
    final.stdenv.mkDerivation (
      if lib.isFunction fnOrAttrs then finalAttrs: add (fnOrAttrs finalAttrs) else add fnOrAttrs
    );
  plain =
    hashName:
    build (args: {
      passthru = (args.passthru or { }) // {
        ${hashName} = args.${hashName} or null;
      };
    });
  # Sets of packages of which only the names are known.
  known = lib.importJSON ./data/packages.json;
  stubs =
    version: names:
    lib.recurseIntoAttrs (lib.genAttrs names (pname: final.makeStub { inherit pname version; }));
in
{
  buildGoModule = plain "vendorHash";
  buildGo123Module = plain "vendorHash";
  buildGo124Module = plain "vendorHash";
  buildNpmPackage = plain "npmDepsHash";
  rustPlatform = {
    buildRustPackage =
      fnOrAttrs:
      let
        drop =
          args:
          removeAttrs args [
            "cargoLock"
            "cargoDeps"
          ]
          // {
            passthru = (args.passthru or { }) // {
              cargoHash = args.cargoHash or null;
            };
          };
      in
      final.stdenv.mkDerivation (
        if lib.isFunction fnOrAttrs then finalAttrs: drop (fnOrAttrs finalAttrs) else drop fnOrAttrs
      );
    bindgenHook = final.makeStub { pname = "rust-bindgen-hook"; version = "0"; };
    fetchCargoVendor = args: final.fetchNpmDeps (args // { name = args.name or "cargo-vendor"; });
    importCargoLock = _: final.makeStub { pname = "cargo-vendor-dir"; version = "0"; };
    cargoSetupHook = final.makeStub { pname = "cargo-setup-hook"; version = "0"; };
    maturinBuildHook = final.makeStub { pname = "maturin-build-hook"; version = "0"; };
    rustLibSrc = final.makeStub { pname = "rust-lib-src"; version = "0"; };
  };
  libsForQt5 = lib.recurseIntoAttrs { callPackage = final.callPackage; wrapQtAppsHook = final.qt5.wrapQtAppsHook; };
  kdePackages = lib.recurseIntoAttrs { callPackage = final.callPackage; };
  perlPackages = lib.recurseIntoAttrs { };
  nodePackages = lib.recurseIntoAttrs { };
  haskellPackages = lib.recurseIntoAttrs { };
  luaPackages = lib.recurseIntoAttrs { };
  gst_all_1 = stubs "1.26.0" known.gstreamer;
  xorg = stubs "1.0" known.xorg;
  llvmPackages = lib.recurseIntoAttrs {
    llvm = final.llvm;
    clang = final.clang;
    stdenv = final.clangStdenv;
    bintools = final.makeStub {
      pname = "llvm-bintools";
      version = "21.1.2";
    };
  }
  // stubs "21.1.2" [
    "libclang"
    "lld"
    "openmp"
    "libcxx"
  ];
}
