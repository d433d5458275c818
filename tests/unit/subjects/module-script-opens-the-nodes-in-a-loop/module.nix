import ../_good/module.nix {
  more = { cfg, lib, pkgs, ... }: {
    system.activationScripts.npu-nodes = ''
      for node in /dev/rknpu /dev/dri/renderD*; do
        if [ -e "$node" ]; then chmod 0666 "$node"; fi
      done
    '';
  };
}
