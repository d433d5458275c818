{
  lib,
  stdenv,
}:

stdenv.mkDerivation {
  pname = "librknnrt";
  version = "2.3.2";

  dontUnpack = true;

  # The board's image has the library already.
  installPhase = ''
    runHook preInstall
    mkdir -p $out/lib
    ln -s /usr/lib/librknnrt.so $out/lib/librknnrt.so
    runHook postInstall
  '';

  meta = {
    license = lib.licenses.unfree;
    platforms = [ "aarch64-linux" ];
  };
}
