# Small tools for a node with an NPU: rknn-doctor says what there is and what is wrong, rknpu-query asks the driver.
{
  lib,
  stdenv,
  makeWrapper,
  shellcheck-minimal,
  bash,
  coreutils,
  gnugrep,
}:

stdenv.mkDerivation {
  pname = "rknn-diagnostics";
  version = "1.0.0";

  src = lib.fileset.toSource {
    root = ./.;
    fileset = lib.fileset.unions [
      ./rknn-doctor.sh
      ./rknpu-query.c
    ];
  };

  strictDeps = true;
  nativeBuildInputs = [ makeWrapper ];
  # What the script's first line is made to name: with strictDeps only what is an input of the host's is looked at.
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
    shellcheck rknn-doctor.sh
    runHook postCheck
  '';

  installPhase = ''
    runHook preInstall
    install -D -m 0755 rknpu-query $out/bin/rknpu-query
    install -D -m 0755 rknn-doctor.sh $out/bin/rknn-doctor
    wrapProgram $out/bin/rknn-doctor --prefix PATH : ${
      lib.makeBinPath [
        coreutils
        gnugrep
      ]
    }:$out/bin
    runHook postInstall
  '';

  meta = {
    description = "Says which NPU stack an RK3588 node has and what is wrong with it";
    license = lib.licenses.mit;
    # On any other machine it says that there is nothing to find.
    platforms = lib.platforms.linux;
    mainProgram = "rknn-doctor";
  };
}
