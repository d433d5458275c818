{
  lib,
  stdenv,
  autoPatchelfHook,
}:

stdenv.mkDerivation {
  pname = "librknnrt";
  version = "2.3.2";

  src = ./librknnrt.so;
  dontUnpack = true;

  nativeBuildInputs = [ autoPatchelfHook ];
  buildInputs = [ stdenv.cc.cc.lib ];

  installPhase = ''
    runHook preInstall
    install -Dm644 $src $out/lib/librknnrt.so
    runHook postInstall
  '';

  meta = {
    description = "Runtime library of the vendor's NPU stack";
    license = lib.licenses.unfree;
    platforms = [ "aarch64-linux" ];
  };
}
