import ../_good/module.nix {
  more =
    { lib, pkgs, ... }:
    let
      runtime = pkgs.stdenv.mkDerivation {
        name = "librkllmrt";
        src = ./.;
        installPhase = "install -Dm644 librkllmrt.so $out/lib/librkllmrt.so";
        nativeBuildInputs = [ pkgs.autoPatchelfHook ];
        buildInputs = [ pkgs.stdenv.cc.cc.lib ];
        meta.platforms = [ "aarch64-linux" ];
        meta.license = lib.licenses.unfree;
      };
    in
    {
      systemd.services.models = {
        wantedBy = [ "multi-user.target" ];
        environment.LD_LIBRARY_PATH = lib.makeLibraryPath [ runtime ];
        serviceConfig = {
          ExecStart = ''"${pkgs.hello}/bin/hello" "--model" "/var/lib/models/chat.rkllm"'';
          SupplementaryGroups = [ "render" ];
          DynamicUser = true;
        };
      };
    };
}
