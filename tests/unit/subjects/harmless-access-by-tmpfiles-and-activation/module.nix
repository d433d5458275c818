import ../_good/module.nix {
  device = _: {
    system.activationScripts.npu-access = ''
      if [ -e /dev/rknpu ]; then
        chgrp render /dev/rknpu
        chmod 0660 /dev/rknpu
      fi
    '';
  };
  guard = { pkgs, ... }: { assertions = [ { assertion = pkgs.stdenv.isAarch64; message = "aarch64 only"; } ]; };
}
