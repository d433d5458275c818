# The C client of the node checks, for a NixOS node: loads a library by name and says where from.
{ lib, stdenv }:

stdenv.mkDerivation {
  pname = "npu-client";
  version = "1";

  src = ../../../src/rknn_validation/machine/guest/npu_client.c;
  dontUnpack = true;

  buildPhase = ''
    runHook preBuild
    $CC -O2 -Wall -Wextra -Werror -Wl,-z,nodefaultlib -x c -o npu-client $src
    runHook postBuild
  '';
  installPhase = ''
    runHook preInstall
    install -D -m 0755 npu-client $out/bin/npu-client
    runHook postInstall
  '';

  meta = {
    description = "Asks what a C program finds on a node, for tests";
    platforms = lib.platforms.linux;
    mainProgram = "npu-client";
  };
}
