{
  config,
  lib,
  pkgs,
  ...
}:
let
  runtime = pkgs.callPackage ./runtime.nix { };
  toolkit = pkgs.python312.pkgs.callPackage ./toolkit.nix { };
in
{
  options.services.npu.enable = lib.mkEnableOption "the detector";

  config = lib.mkIf config.services.npu.enable {
    services.udev.extraRules = ''
      SUBSYSTEM=="drm", KERNEL=="renderD*", DRIVERS=="RKNPU", GROUP="render", MODE="0660"
    '';
    systemd.tmpfiles.rules = [ "L+ /usr/lib/librknnrt.so - - - - ${runtime}/lib/librknnrt.so" ];
    systemd.services.detector = {
      wantedBy = [ "multi-user.target" ];
      serviceConfig.ExecStart = "${pkgs.python312.withPackages (_: [ toolkit ])}/bin/python -m detector";
      serviceConfig.SupplementaryGroups = [ "render" ];
    };
  };
}
