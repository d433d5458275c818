# Configurations that NixOS rejects. An error ends the process, so each is evaluated in its own.
{ standin, case }:
let
  modules = {
    misspelled = [ { services.udev.extraRule = "x"; } ];
    misspelledInUnit = [ { systemd.services.npu.serviceConfigs.Type = "oneshot"; } ];
    twoStrings = [
      { environment.variables.LD_LIBRARY_PATH = "/a"; }
      { environment.variables.LD_LIBRARY_PATH = "/b"; }
    ];
    listAndString = [
      { environment.sessionVariables.LD_LIBRARY_PATH = [ "/a" ]; }
      { environment.variables.LD_LIBRARY_PATH = [ "/b" ]; }
    ];
    noUnitSuffix = [ { systemd.services.npu.after = [ "network" ]; } ];
    badType = [ { systemd.services.npu.serviceConfig.Type = "one-shot"; } ];
    scriptAndExecStart = [
      {
        systemd.services.npu.script = "true";
        systemd.services.npu.serviceConfig.ExecStart = "/bin/true";
      }
    ];
    numberInEnvironment = [ { systemd.services.npu.environment.CORES = 3; } ];
    spaceInParameter = [ { boot.kernelParams = [ "a b" ]; } ];
    twoGraphicsDefaults = [
      (
        { lib, pkgs, ... }:
        {
          hardware.graphics.enable = true;
          hardware.graphics.package = lib.mkDefault pkgs.hello;
        }
      )
    ];
    notCarried = [ { services.frigate.enable = true; } ];
    nonsense = [ { hardwares.rknn.enable = true; } ];
  };
  config =
    (import (standin + "/nixos/lib/eval-config.nix") {
      system = "aarch64-linux";
      modules = modules.${case};
    }).config;
in
builtins.deepSeq [
  config.environment.variables
  (if config.hardware.graphics.enable then config.hardware.graphics.package else null)
  config.boot.kernelParams
  (config.systemd.units."npu.service".text or null)
] "accepted"
