{ config, lib, pkgs, ... }:
with lib;
let
  cfg = config.mySystem.npu;
  runtime = pkgs.callPackage ../_good/packages/runtime.nix { };
in
{
  options.mySystem.npu = {
    enable = mkEnableOption "NPU support";
    installRuntime = mkOption {
      type = types.bool;
      default = true;
      description = "Install librknnrt.so";
    };
  };
  config = mkIf (cfg.enable && pkgs.stdenv.hostPlatform.isAarch64) (mkMerge [
    {
      services.udev.extraRules = ''
        KERNEL=="rknpu", MODE="0660", GROUP="video"
        SUBSYSTEM=="drm", KERNEL=="renderD*", DRIVERS=="RKNPU", MODE="0660", GROUP="video"
      '';
    }
    (mkIf cfg.installRuntime {
      environment.systemPackages = [ runtime ];
      environment.variables.LD_LIBRARY_PATH = mkForce "${runtime}/lib";
    })
  ]);
}
