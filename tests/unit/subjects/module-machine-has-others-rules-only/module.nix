{ pkgs, ... }:

let
  runtime = pkgs.callPackage ../_good/packages/runtime.nix { };
in
{
  imports = [ ../_good/machine.nix ];

  services.udev.packages = [
    pkgs.libfido2
    pkgs.libinput
  ];
  environment.systemPackages = [ runtime ];

  systemd.services.detector = {
    description = "Finds cats in camera pictures";
    wantedBy = [ "multi-user.target" ];
    environment.LD_LIBRARY_PATH = "${runtime}/lib";
    serviceConfig = {
      DynamicUser = true;
      SupplementaryGroups = [ "npu" ];
      DeviceAllow = [
        "char-misc rw"
        "char-drm rw"
      ];
      ExecStart = "${pkgs.writeShellScriptBin "detector" "exec sleep infinity"}/bin/detector";
    };
  };
}
