# A stub of the proprietary librknnrt.so, which needs the silicon: it exports what the Python API calls.
{ lib, stdenv }:

stdenv.mkDerivation {
  pname = "rknn-runtime-stub";
  version = "2.3.2";

  src = ../../../src/rknn_validation/machine/guest/librknnrt_stub.c;
  dontUnpack = true;

  buildPhase = ''
    runHook preBuild
    $CC -O2 -Wall -Wextra -Werror -fPIC -shared -Wl,-soname,librknnrt.so -x c -o librknnrt.so $src
    runHook postBuild
  '';
  installPhase = ''
    runHook preInstall
    install -D -m 0644 librknnrt.so $out/lib/librknnrt.so
    runHook postInstall
  '';

  meta = {
    description = "Stub of Rockchip's NPU runtime for tests";
    platforms = lib.platforms.linux;
  };
}
