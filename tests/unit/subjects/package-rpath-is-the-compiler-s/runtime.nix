{
  lib,
  stdenv,
  fetchurl,
  patchelf,
}:

stdenv.mkDerivation {
  pname = "librknnrt";
  version = "2.3.2";
  src = fetchurl {
    url = "https://raw.githubusercontent.com/airockchip/rknn-toolkit2/42aa1d426c0a9e0869b6374edba009f7208a1926/rknpu2/runtime/Linux/librknn_api/aarch64/librknnrt.so";
    hash = "sha256-0x/BnIW4X2CRsr0PavnZYtUmSk5BC/tTZALskrrHOOg=";
  };
  dontUnpack = true;
  nativeBuildInputs = [ patchelf ];
  installPhase = ''
    install -D -m 0644 $src $out/lib/librknnrt.so
  '';
  postFixup = ''
    patchelf --set-rpath "${stdenv.cc}/lib" $out/lib/librknnrt.so
  '';
  meta = {
    description = "Runtime library of Rockchip's NPU";
    license = lib.licenses.unfree;
    platforms = [ "aarch64-linux" ];
  };
}
