import ../_good/module.nix {
  library = _: { };
  python = { cfg, pkgs, ... }: {
    systemd.services.detector = {
      wantedBy = [ "multi-user.target" ];
      path = [ (pkgs.python312.withPackages (_: [ cfg.python.package ])) ];
      script = "exec python3 -m detector --model x.rknn";
      serviceConfig = {
        DynamicUser = true;
        SupplementaryGroups = [ "render" ];
      };
    };
    systemd.services.recorder = {
      wantedBy = [ "multi-user.target" ];
      script = "exec sleep infinity";
      serviceConfig.BindReadOnlyPaths = [ "${cfg.package}/lib/librknnrt.so:/usr/lib/librknnrt.so" ];
    };
  };
}
