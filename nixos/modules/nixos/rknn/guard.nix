# Keeps machines without the NPU unchanged, and says why.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  cfg = config.hardware.rknn;
  name = config.hardware.deviceTree.name;
  # Why this is not an RK3588 board: by the name of the device tree, or without a name by the option.
  foreign =
    if name == null then
      "hardware.rknn.isRk3588 is false"
    else
      "hardware.deviceTree.name is ${name}, which is not an RK3588 board";
  inherit (pkgs.stdenv) hostPlatform;
in
{
  options.hardware.rknn.active = lib.mkOption {
    type = lib.types.bool;
    internal = true;
    readOnly = true;
    default = cfg.enable && cfg.isRk3588 && hostPlatform.isAarch64;
    description = "Whether this configuration contributes anything beyond assertions and warnings.";
  };

  config = lib.mkMerge [
    (lib.mkIf cfg.enable {
      assertions = [
        {
          assertion = hostPlatform.isAarch64;
          message = "hardware.rknn is for aarch64-linux (RK3588); this configuration is for ${hostPlatform.system}. Set hardware.rknn.enable = false here.";
        }
        {
          assertion = cfg.isRk3588 || cfg.onForeignBoard != "fail";
          message = "hardware.rknn is enabled, but ${foreign}.";
        }
        {
          assertion = cfg.toolkitLite.enable -> cfg.stack == "vendor" && cfg.runtime.enable;
          message = "hardware.rknn.toolkitLite needs the vendor stack and hardware.rknn.runtime.enable.";
        }
      ];
      warnings = lib.optional (!cfg.isRk3588 && cfg.onForeignBoard == "warn") ''
        hardware.rknn is enabled, but ${foreign}: nothing is installed for the NPU.'';
    })

    (lib.mkIf cfg.active {
      # The other units are skipped on such a board. This one writes the reason to the journal.
      systemd.services.rknn-guard = {
        description = "Say why NPU support stays off on a board that is not an RK3588";
        wantedBy = [ "multi-user.target" ];
        unitConfig.ConditionFirmware = (import ./condition.nix).isOther;
        serviceConfig.Type = "oneshot";
        script = ''
          model=unknown
          if [ -r /proc/device-tree/model ]; then
            model=$(${lib.getExe' pkgs.coreutils "tr"} -d '\0' </proc/device-tree/model)
          fi
          echo "hardware.rknn: $model is not an RK3588 board; no driver is loaded and no runtime is linked"
        '';
      };
    })
  ];
}
