import ../_good/module.nix {
  library = _: { };
  python = { cfg, pkgs, ... }: {
    systemd.services.detector = {
      wantedBy = [ "multi-user.target" ];
      path = [ (pkgs.python312.withPackages (_: [ cfg.python.package ])) ];
      script = "exec python3 -m detector";
      serviceConfig = {
        DynamicUser = true;
        SupplementaryGroups = [ "render" ];
        BindReadOnlyPaths = [ "${cfg.package}/lib/librknnrt.so:/usr/lib/librknnrt.so" ];
      };
    };
  };
}
