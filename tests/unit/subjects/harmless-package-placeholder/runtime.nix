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
    install -D -m 0644 $src ${placeholder "out"}/lib/librknnrt.so
  '';
  meta = {
    description = "Runtime library of Rockchip's NPU";
    license = lib.licenses.unfree;
    platforms = lib.platforms.aarch64;
  };
}
