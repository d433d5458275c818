{
  lib,
  stdenv,
  fetchFromGitHub,
  autoPatchelfHook,
}:

stdenv.mkDerivation {
  pname = "librknnrt";
  version = "1.5.2";

  src = fetchFromGitHub {
    owner = "rockchip-linux";
    repo = "rknpu2";
    rev = "5adf7c1bd17e169e9880ccdf3b49adde925ab7f9";
    hash = "sha256-9szvZmMreyuigeAUe8gIQgBzK/f9c9IgsIUAuHNguRU=";
  };

  nativeBuildInputs = [ autoPatchelfHook ];
  buildInputs = [ stdenv.cc.cc.lib ];
  dontBuild = true;

  installPhase = ''
    runHook preInstall
    mkdir -p $out/lib
    install -m755 runtime/RK3588/Linux/librknn_api/aarch64/librknnrt.so $out/lib/
    runHook postInstall
  '';

  meta = {
    license = lib.licenses.unfree;
    platforms = [ "aarch64-linux" ];
  };
}
