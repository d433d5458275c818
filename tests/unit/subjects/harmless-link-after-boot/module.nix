import ../_good/module.nix {
  python =
    { cfg, pkgs, ... }:
    {
      environment.systemPackages = [ (pkgs.python312.withPackages (_: [ cfg.python.package ])) ];
      boot.postBootCommands = ''
        mkdir -p /usr/lib
        ln -sfn ${cfg.package}/lib/librknnrt.so /usr/lib/librknnrt.so
      '';
    };
}
