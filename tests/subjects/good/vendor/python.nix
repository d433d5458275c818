{ cfg, config, lib, pkgs }:

{
  environment.systemPackages = [ (pkgs.python312.withPackages (_: [ cfg.python.package ])) ];
  systemd.tmpfiles.rules = [ "L+ /usr/lib/librknnrt.so - - - - ${cfg.package}/lib/librknnrt.so" ];
}
