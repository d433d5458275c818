# The runtime library, in the two places where programs look for it.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  cfg = config.hardware.rknn;
  condition = (import ./condition.nix).isRk3588;
  vendor = cfg.stack == "vendor";
  libraryPath = "${lib.getLib cfg.runtime.package}/lib";
  toolkit = cfg.toolkitLite.package;
  python = toolkit.pythonModule.withPackages (_: [ toolkit ]);
in
{
  config = lib.mkIf cfg.active (
    lib.mkMerge [
      (lib.mkIf (cfg.runtime.enable && vendor) {
        environment.systemPackages = [ cfg.runtime.package ];
        # For C programs. A list merges with other modules' values and leaves no empty element.
        environment.sessionVariables.LD_LIBRARY_PATH = [ libraryPath ];

        # The Python API ignores LD_LIBRARY_PATH and opens exactly this path. Unlike a tmpfiles rule, a unit removes
        # the link when the module is disabled and updates it when the package changes.
        systemd.services.rknn-runtime-link = {
          description = "Link librknnrt.so where the RKNN Python API looks for it";
          wantedBy = [ "multi-user.target" ];
          unitConfig.ConditionFirmware = condition;
          serviceConfig = {
            Type = "oneshot";
            RemainAfterExit = true;
          };
          path = [ pkgs.coreutils ];
          script = ''
            if [ -e /usr/lib/librknnrt.so ] && [ ! -L /usr/lib/librknnrt.so ]; then
              echo "/usr/lib/librknnrt.so is a file that is not ours; remove it and restart this unit" >&2
              exit 1
            fi
            mkdir -p /usr/lib
            ln -sfn ${libraryPath}/librknnrt.so /usr/lib/librknnrt.so
          '';
          preStop = ''
            if [ "$(readlink /usr/lib/librknnrt.so)" = ${libraryPath}/librknnrt.so ]; then
              rm /usr/lib/librknnrt.so
            fi
          '';
        };
      })

      (lib.mkIf (cfg.runtime.enable && !vendor) {
        # Teflon is part of Mesa, in /run/opengl-driver/lib, where TFLite's delegate option finds it.
        hardware.graphics = {
          enable = true;
          # NixOS itself defines it with mkDefault, which another mkDefault conflicts with.
          package = lib.mkOverride 900 cfg.runtime.package;
        };
      })

      (lib.mkIf cfg.diagnostics.enable {
        environment.systemPackages = [ cfg.diagnostics.package ];
      })

      (lib.mkIf cfg.toolkitLite.enable {
        environment.systemPackages = [ python ];
      })

      {
        systemd.services = lib.genAttrs cfg.services (_: {
          wants = lib.optional cfg.driver.enable "rknn-driver.service";
          after =
            lib.optional cfg.driver.enable "rknn-driver.service"
            ++ lib.optional (cfg.runtime.enable && vendor) "rknn-runtime-link.service";
          environment = lib.mkIf (cfg.runtime.enable && vendor) { LD_LIBRARY_PATH = libraryPath; };
          serviceConfig.SupplementaryGroups = [ cfg.device.group ];
        });
      }
    ]
  );
}
