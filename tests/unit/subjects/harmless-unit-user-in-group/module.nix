import ../_good/module.nix {
  more = { cfg, lib, pkgs, ... }: {
    users.users = {
      npu1 = {
        isSystemUser = true;
        group = cfg.group;
      };
      npu2 = {
        isSystemUser = true;
        group = "nogroup";
        extraGroups = [ cfg.group ];
      };
      npu3 = {
        isSystemUser = true;
        group = "nogroup";
      };
    };
    users.groups.${cfg.group}.members = [ "npu3" ];
    systemd.services = lib.genAttrs [ "npu1" "npu2" "npu3" ] (name: {
      wantedBy = [ "multi-user.target" ];
      environment.LD_LIBRARY_PATH = "${cfg.package}/lib";
      serviceConfig = {
        User = name;
        ExecStart = "${pkgs.writeShellScript "rknn-server" "exec rknn_server"}";
      };
    });
  };
}
