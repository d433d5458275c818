import ../_good/module.nix {
  python =
    { cfg, pkgs, ... }:
    {
      environment.systemPackages = [ (pkgs.python312.withPackages (_: [ cfg.python.package ])) ];
      systemd.tmpfiles.packages = [
        (pkgs.writeTextDir "lib/tmpfiles.d/npu.conf" ''
          L+ /usr/lib/librknnrt.so - - - - ${cfg.package}/lib/librknnrt.so
        '')
      ];
    };
}
