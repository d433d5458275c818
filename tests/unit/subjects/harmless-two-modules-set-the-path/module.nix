import ../_good/module.nix {
  more = { pkgs, ... }: { environment.sessionVariables.LD_LIBRARY_PATH = [ "${pkgs.stdenv.cc.cc.lib}/lib" ]; };
}
