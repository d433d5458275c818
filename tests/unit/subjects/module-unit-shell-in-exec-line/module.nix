import ../_good/module.nix {
  more = { cfg, lib, pkgs, ... }: {
    systemd.services.npu-server = {
      wantedBy = [ "multi-user.target" ];
      serviceConfig = {
        Type = "oneshot";
        ExecStart = "${pkgs.coreutils}/bin/mkdir -p /run/npu && ${pkgs.coreutils}/bin/touch /run/npu/ready";
      };
    };
  };
}
