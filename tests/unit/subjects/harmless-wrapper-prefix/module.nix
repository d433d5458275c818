import ../_good/module.nix {
  library = { cfg, pkgs, ... }: {
    environment.systemPackages = [
      (pkgs.stdenv.mkDerivation {
        pname = "detect";
        version = "1.0";
        src = ./detect.c;
        dontUnpack = true;
        nativeBuildInputs = [ pkgs.makeWrapper ];
        buildPhase = "$CC -o detect $src -ldl";
        installPhase = ''
          install -D detect $out/bin/detect
          wrapProgram $out/bin/detect --prefix LD_LIBRARY_PATH : ${cfg.package}/lib
        '';
        meta.platforms = [ "aarch64-linux" ];
      })
    ];
  };
}
