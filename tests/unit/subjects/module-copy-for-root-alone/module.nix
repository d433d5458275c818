import ../_good/module.nix {
  python = { cfg, pkgs, ... }: {
    environment.systemPackages = [ (pkgs.python312.withPackages (_: [ cfg.python.package ])) ];
    system.activationScripts.npu = ''
      install -D -m 0600 ${cfg.package}/lib/librknnrt.so /usr/lib/librknnrt.so
    '';
  };
}
