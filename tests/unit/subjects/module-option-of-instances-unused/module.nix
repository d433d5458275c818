{ config, lib, ... }:

let
  cfg = config.hardware.npu;
  instance = lib.types.submodule {
    options = {
      enable = lib.mkEnableOption "this instance";
      command = lib.mkOption {
        type = lib.types.str;
        description = "What serves a model.";
      };
      port = lib.mkOption {
        type = lib.types.port;
        default = 8080;
        description = "Where it listens.";
      };
    };
  };
in
{
  options.hardware.npu = {
    enable = lib.mkEnableOption "the NPU";
    servers = lib.mkOption {
      type = lib.types.attrsOf instance;
      default = { };
      description = "Servers of models.";
    };
  };
  config = lib.mkIf cfg.enable {
    boot.kernelModules = [ "rocket" ];
    hardware.graphics.enable = true;
    systemd.services = lib.mapAttrs' (
      name: one:
      lib.nameValuePair "npu-${name}" {
        wantedBy = [ "multi-user.target" ];
        serviceConfig = {
          ExecStart = one.command;
          DynamicUser = true;
        };
      }
    ) (lib.filterAttrs (_: one: one.enable) cfg.servers);
  };
}
