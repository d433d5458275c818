{ pkgs, ... }:

let
  runtime = pkgs.callPackage ./packages/runtime.nix { };
in
{
  imports = [ ./machine.nix ];

  services.udev.packages = [
    (pkgs.writeTextDir "lib/udev/rules.d/70-rknpu.rules" ''
      SUBSYSTEM=="misc", KERNEL=="rknpu", GROUP="npu", MODE="0660"
      SUBSYSTEM=="drm", DRIVERS=="RKNPU", GROUP="npu", MODE="0660"
    '')
  ];

  systemd.services.detector = {
    description = "Finds cats in camera pictures";
    wantedBy = [ "multi-user.target" ];
    environment.LD_LIBRARY_PATH = "${runtime}/lib";
    serviceConfig = {
      DynamicUser = true;
      SupplementaryGroups = [ "npu" ];
      DeviceAllow = [ "char-misc rw" "char-drm rw" ];
      ExecStart = "${pkgs.writeShellScriptBin "detector" "exec sleep infinity"}/bin/detector";
    };
  };
}
