import ../_good/mainline.nix {

}
