{ config, lib, pkgs, ... }:
with lib;
let
  cfg = config.hosts.cam.npu;
in
{
  options.hosts.cam.npu = {
    enable = mkEnableOption "the analysis on the NPU";
    package = mkOption {
      type = types.package;
      default = pkgs.hello;
      description = "The program.";
    };
  };
  config = mkIf cfg.enable {
    boot.kernelPackages = pkgs.linuxPackages_latest;
    boot.kernelModules = [ "rocket" ];
    hardware.graphics = {
      enable = true;
      extraPackages = [ pkgs.mesa ];
    };
    systemd.services.npu-analysis = {
      description = "Analyse frames on the NPU";
      wantedBy = [ "multi-user.target" ];
      after = [ "network.target" ];
      serviceConfig = {
        ExecStart = "${cfg.package}/bin/hello --npu";
        Restart = "always";
        RestartSec = "10s";
        User = "root";
        Group = "root";
      };
    };
  };
}
