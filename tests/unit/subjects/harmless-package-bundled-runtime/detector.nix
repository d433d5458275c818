{
  lib,
  stdenv,
  fetchFromGitHub,
  autoPatchelfHook,
}:

stdenv.mkDerivation {
  pname = "npu-detector";
  version = "1.0";

  src = fetchFromGitHub {
    owner = "airockchip";
    repo = "rknn_model_zoo";
    rev = "bad6c7334531becaf90a561988519b7bec34d0ab";
    hash = "sha256-nW6i4IRqN3CWnjDDhHP4/V8oYSNQkEmAo5AddacClNg=";
  };

  nativeBuildInputs = [ autoPatchelfHook ];
  buildInputs = [ stdenv.cc.cc.lib ];

  installPhase = ''
    runHook preInstall
    install -Dm755 detector $out/bin/detector
    install -Dm644 3rdparty/rknpu2/Linux/aarch64/librknnrt.so $out/libexec/detector/librknnrt.so
    cat >$out/bin/detector-update <<'EOF'
    #!/bin/sh
    curl -L https://example.org/model.rknn -o /var/lib/detector/model.rknn
    EOF
    chmod +x $out/bin/detector-update
    runHook postInstall
  '';

  meta = {
    license = lib.licenses.unfree;
    platforms = [ "aarch64-linux" ];
  };
}
