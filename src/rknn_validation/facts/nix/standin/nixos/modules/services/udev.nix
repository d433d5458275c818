# udev: rules, the hardware database, and the path of programs that rules call.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  cfg = config.services.udev;
  inherit (lib) mkOption types;
  declare = import ../../lib/declare.nix { inherit lib; };
  rules = pkgs.runCommand "udev-rules" { } "rules";
in
{
  options = {
    services.udev = {
      enable = declare.flag (!config.boot.isContainer);
      packages = mkOption {
        type = types.listOf types.path;
        default = [ ];
        apply = map lib.getBin;
      };
      extraRules = declare.lines;
      extraHwdb = declare.lines;
    };
  };

  config = lib.mkIf cfg.enable {
    services.udev = {
      extraRules = ''
        # Needed for gpm.
        SUBSYSTEM=="input", KERNEL=="mice", TAG+="systemd"
      '';
      packages = [
        (pkgs.writeTextFile {
          name = "extra-udev-rules";
          text = cfg.extraRules;
          destination = "/etc/udev/rules.d/99-local.rules";
        })
        (pkgs.writeTextFile {
          name = "extra-hwdb-file";
          text = cfg.extraHwdb;
          destination = "/etc/udev/hwdb.d/99-local.hwdb";
        })
      ];
      path = [
        pkgs.coreutils
        pkgs.gnused
        pkgs.gnugrep
        pkgs.util-linux
        config.systemd.package
      ];
    };
    environment.etc = {
      "modprobe.d/firmware.conf" = lib.mkIf config.boot.modprobeConfig.enable {
        text = "options firmware_class path=${config.hardware.firmware}/lib/firmware";
      };
      "udev/rules.d".source = rules;
      "udev/hwdb.bin".source = pkgs.runCommand "hwdb.bin" { } "hwdb";
    };
    boot.kernelParams = lib.mkIf (!config.networking.usePredictableInterfaceNames) [ "net.ifnames=0" ];
    systemd.services.systemd-udevd = {
      notSocketActivated = true;
      restartTriggers = [ rules ];
      stopIfChanged = false;
    };
    system.activationScripts.udevd = "";
  };
}
