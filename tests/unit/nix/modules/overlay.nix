# A package of the subject's own.
_final: prev: {
  npu-tools = prev.stdenv.mkDerivation {
    pname = "npu-tools";
    version = "1.2";
    src = prev.fetchurl {
      url = "https://example.org/npu-tools-1.2.tar.gz";
      hash = prev.lib.fakeHash;
    };
    buildInputs = [ prev.zlib ];
    installPhase = "make install";
    NPU_LEVEL = "3";
    meta = {
      description = "Tools for the NPU";
      license = prev.lib.licenses.unfree;
      platforms = [ "aarch64-linux" ];
      mainProgram = "npu";
    };
  };
}
