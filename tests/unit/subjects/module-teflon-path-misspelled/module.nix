import ../_good/mainline.nix {
  more = _: { environment.sessionVariables.TEFLON = "/run/opengl-drivers/lib/libteflon.so"; };
}
