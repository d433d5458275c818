import ../_good/module.nix {
  device = { cfg, pkgs, ... }: {
    services.udev.packages = [
      (pkgs.writeTextDir "lib/udev/rules.d/70-npu.rules" ''
        SUBSYSTEM=="misc", KERNEL=="rknpu", GROUP="${cfg.group}", MODE="${cfg.mode}", SYMLINK+="npu0"
        SUBSYSTEM=="drm", DRIVERS=="RKNPU", GROUP="${cfg.group}", MODE="${cfg.mode}"
      '')
    ];
    users.groups.${cfg.group} = { };
  };
  more = { cfg, lib, pkgs, ... }: {
    systemd.services.npu-server = {
      wantedBy = [ "multi-user.target" ];
      environment.LD_LIBRARY_PATH = "${cfg.package}/lib";
      environment.NPU = "/dev/npu0";
      serviceConfig.ExecStart = "${pkgs.coreutils}/bin/sleep infinity";
    };
  };
}
