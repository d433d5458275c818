# Tools for a node with an NPU: rknn-doctor reports its NPU stack and problems, rknn-readings what it is doing,
# rknpu-query asks the driver.
{
  lib,
  stdenv,
  makeWrapper,
  shellcheck-minimal,
  bash,
  coreutils,
  findutils,
  gnugrep,
  gnused,
  util-linux,
}:

stdenv.mkDerivation {
  pname = "rknn-diagnostics";
  version = "1.0.0";

  src = lib.fileset.toSource {
    root = ./.;
    fileset = lib.fileset.unions [
      ./rknn-doctor.sh
      ./rknn-readings.sh
      ./rknpu-query.c
    ];
  };

  strictDeps = true;
  nativeBuildInputs = [ makeWrapper ];
  # For the script's first line: with strictDeps, patchShebangs only uses inputs of the host.
  buildInputs = [ bash ];
  nativeCheckInputs = [ shellcheck-minimal ];

  buildPhase = ''
    runHook preBuild
    $CC -std=c11 -O2 -Wall -Wextra -Werror -o rknpu-query rknpu-query.c
    runHook postBuild
  '';

  doCheck = true;
  checkPhase = ''
    runHook preCheck
    shellcheck rknn-doctor.sh rknn-readings.sh
    runHook postCheck
  '';

  installPhase = ''
    runHook preInstall
    install -D -m 0755 rknpu-query $out/bin/rknpu-query
    for name in rknn-doctor rknn-readings; do
      install -D -m 0755 $name.sh $out/bin/$name
      wrapProgram $out/bin/$name --prefix PATH : ${
        lib.makeBinPath [
          coreutils
          findutils
          gnugrep
          gnused
          util-linux
        ]
      }:$out/bin
    done
    runHook postInstall
  '';

  meta = {
    description = "Reports the NPU stack of an RK3588 node and its problems";
    license = lib.licenses.mit;
    # On other machines it reports that there is no NPU.
    platforms = lib.platforms.linux;
    mainProgram = "rknn-doctor";
  };
}
