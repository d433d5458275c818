import ../_good/module.nix {
  more = _: {
    environment.etc."npu/where".text = ''
      echo "''${XDG_CACHE_HOME:-$HOME/.cache}/npu"
    '';
  };
}
