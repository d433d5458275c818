{ stdenv }:
stdenv.mkDerivation {
  pname = "npu-server";
  version = "1.0";
  src = ./.;
  buildPhase = ''
    $CC -o npu-server server.c -lrknnrt
  '';
  installPhase = ''
    install -D npu-server $out/bin/npu-server
  '';
  meta.platforms = [ "aarch64-linux" ];
}
