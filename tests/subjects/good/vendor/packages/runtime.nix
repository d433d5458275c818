{
  lib,
  stdenv,
  fetchurl,
  autoPatchelfHook,
}:

stdenv.mkDerivation {
  pname = "librknnrt";
  version = "2.3.2";

  src = fetchurl {
    url = "https://raw.githubusercontent.com/airockchip/rknn-toolkit2/42aa1d426c0a9e0869b6374edba009f7208a1926/rknpu2/runtime/Linux/librknn_api/aarch64/librknnrt.so";
    hash = "sha256-0x/BnIW4X2CRsr0PavnZYtUmSk5BC/tTZALskrrHOOg=";
  };
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
