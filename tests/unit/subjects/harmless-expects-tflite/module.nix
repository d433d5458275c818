import ../_good/mainline.nix {
  python = { pkgs, ... }: {
    environment.systemPackages = [ (pkgs.python312.withPackages (ps: [ ps.tensorflow ])) ];
  };
}
