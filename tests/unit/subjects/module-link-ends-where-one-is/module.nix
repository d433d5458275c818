import ../_good/module.nix {
  python = { cfg, pkgs, ... }: {
    environment.systemPackages = [ (pkgs.python312.withPackages (_: [ cfg.python.package ])) ];
    system.activationScripts.npu = ''
      mkdir -p /usr/lib
      if [ -e /usr/lib/librknnrt.so ]; then
        exit 0
      fi
      ln -s ${cfg.package}/lib/librknnrt.so /usr/lib/librknnrt.so
    '';
  };
}
