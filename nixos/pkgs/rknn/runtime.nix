# librknnrt.so, the runtime of the vendor's NPU stack, and its C headers.
{
  lib,
  stdenv,
  fetchurl,
  autoPatchelfHook,
}:

let
  # The commit that tag v2.3.2 names. Tags can move, commits cannot.
  revision = "42aa1d426c0a9e0869b6374edba009f7208a1926";
  file =
    path: hash:
    fetchurl {
      url = "https://raw.githubusercontent.com/airockchip/rknn-toolkit2/${revision}/rknpu2/runtime/Linux/librknn_api/${path}";
      inherit hash;
    };

  # The headers' hashes were computed from that commit. The library's hash is the one that several independent users
  # publish for 2.3.2 (7,726,232 bytes); it was not computed here. In the commit the library is the Git blob
  # e53a2b6ec332f2863df5c70cd9f6ebec9dbef397, which `git hash-object librknnrt.so` can confirm.
  library = file "aarch64/librknnrt.so" "sha256-0x/BnIW4X2CRsr0PavnZYtUmSk5BC/tTZALskrrHOOg=";
  headers = {
    "rknn_api.h" = file "include/rknn_api.h" "sha256-xI4RpvQbRRpf0eStd06mAlLT2U94vumyHqPSGyHeupo=";
    "rknn_custom_op.h" =
      file "include/rknn_custom_op.h" "sha256-r1mD2gyiRMox3DFiqmgzIrAoVTEZbHp3DynNLjuMyqY=";
    "rknn_matmul_api.h" =
      file "include/rknn_matmul_api.h" "sha256-qq3ZpxGN4woGsiKZa2cx23cJXQD1kxp6mMg6Z/FKTUI=";
  };
in
stdenv.mkDerivation {
  pname = "rknn-runtime";
  version = "2.3.2";

  src = library;
  dontUnpack = true;

  # The library needs libstdc++, libgcc_s and libc. Without an rpath to them, dlopen fails on NixOS.
  nativeBuildInputs = [ autoPatchelfHook ];
  buildInputs = [ stdenv.cc.cc.lib ];

  installPhase = ''
    runHook preInstall
    install -D -m 0644 $src $out/lib/librknnrt.so
    ${lib.concatStrings (
      lib.mapAttrsToList (name: header: ''
        install -D -m 0644 ${header} $out/include/${name}
      '') headers
    )}
    runHook postInstall
  '';

  meta = {
    description = "Runtime library of Rockchip's NPU (librknnrt)";
    homepage = "https://github.com/airockchip/rknn-toolkit2";
    license = lib.licenses.unfree;
    sourceProvenance = [ lib.sourceTypes.binaryNativeCode ];
    platforms = [ "aarch64-linux" ];
  };
}
