import ../_good/mainline.nix {
  more = _: { environment.variables.TEFLON_DELEGATE = "/usr/lib/aarch64-linux-gnu/libteflon.so"; };
}
