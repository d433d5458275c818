import ../_good/module.nix {
  python =
    { cfg, pkgs, ... }:
    {
      environment.systemPackages = [ (pkgs.python312.withPackages (_: [ cfg.python.package ])) ];
      systemd.mounts = [
        {
          what = "${cfg.package}/lib/librknnrt.so";
          where = "/usr/lib/librknnrt.so";
          type = "none";
          options = "bind,ro";
          wantedBy = [ "local-fs.target" ];
        }
      ];
    };
}
