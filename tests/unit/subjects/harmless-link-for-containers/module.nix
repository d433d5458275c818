import ../_good/module.nix {
  python = _: { };
  library = { cfg, ... }: {
    environment.systemPackages = [ cfg.package ];
    systemd.tmpfiles.rules = [ "L+ /usr/lib/librknnrt.so - - - - ${cfg.package}/lib/librknnrt.so" ];
  };
}
