import ../_good/module.nix {
  guard = _: { };
  python = _: { };
  driver = _: { };
  library = { pkgs, ... }: let
    runtime = (pkgs.callPackage ../_good/packages/runtime.nix { }).overrideAttrs { meta.license = pkgs.lib.licenses.unfree; meta.description = "Runtime"; };
  in {
    environment.systemPackages = [ runtime ];
    environment.sessionVariables.LD_LIBRARY_PATH = [ "${runtime}/lib" ];
  };
}
