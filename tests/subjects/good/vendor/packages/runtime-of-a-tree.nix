{
  lib,
  stdenv,
  fetchFromGitHub,
  autoPatchelfHook,
}:

stdenv.mkDerivation {
  pname = "librknnrt";
  version = "2.3.0";

  src = fetchFromGitHub {
    owner = "airockchip";
    repo = "rknn-toolkit2";
    rev = "a8dd54d41e92c95b4f95780ed0534362b2c98b92";
    hash = "sha256-k0euxjuVIbWNmfV17vku/rK5zp6NVAQCbcVcazOFiQI=";
  };

  nativeBuildInputs = [ autoPatchelfHook ];
  buildInputs = [ stdenv.cc.cc.lib ];
  dontBuild = true;

  installPhase = ''
    runHook preInstall
    mkdir -p $out/lib
    install -m755 rknpu2/runtime/Linux/librknn_api/aarch64/librknnrt.so $out/lib/
    runHook postInstall
  '';

  meta = {
    license = lib.licenses.unfree;
    platforms = [ "aarch64-linux" ];
  };
}
