# Works when it is booted, and leaves one thing of each kind behind when it is switched off.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  cfg = config.services.npu;
  runtime = pkgs.stdenv.mkDerivation {
    pname = "rknn-runtime";
    version = "2.3.2";
    src = pkgs.fetchurl {
      url = "https://example.org/librknnrt.so";
      hash = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    };
    dontUnpack = true;
    installPhase = "install -D -m 0644 $src $out/lib/librknnrt.so";
  };
  driver = pkgs.stdenv.mkDerivation {
    pname = "rknpu";
    version = "0.9.8";
    src = ./.;
  };
in
{
  options.services.npu.enable = lib.mkEnableOption "the NPU";

  config = lib.mkIf cfg.enable {
    boot.extraModulePackages = [ driver ];
    systemd.tmpfiles.rules = [ "L+ /usr/lib/librknnrt.so - - - - ${runtime}/lib/librknnrt.so" ];
    system.activationScripts.npu = ''
      groupadd --force --system npu-users
      mkdir -p /run/udev/rules.d
      echo 'SUBSYSTEM=="misc", KERNEL=="rknpu", GROUP="npu-users"' > /run/udev/rules.d/60-npu.rules
    '';
    systemd.services = {
      npu-driver = {
        wantedBy = [ "multi-user.target" ];
        serviceConfig = {
          Type = "oneshot";
          RemainAfterExit = true;
          ExecStart = "${lib.getExe' pkgs.kmod "modprobe"} rknpu";
        };
      };
      npu-variable = {
        wantedBy = [ "multi-user.target" ];
        path = [ config.systemd.package ];
        script = "systemctl set-environment LD_LIBRARY_PATH=${runtime}/lib";
        serviceConfig.Type = "oneshot";
      };
      npu-stays = {
        wantedBy = [ "multi-user.target" ];
        unitConfig.X-StopOnRemoval = false;
        script = "sleep infinity";
      };
    };
  };
}
