import ../_good/mainline.nix {
  library = _: { environment.sessionVariables.LD_LIBRARY_PATH = [ "/run/opengl-driver/lib" ]; };
}
