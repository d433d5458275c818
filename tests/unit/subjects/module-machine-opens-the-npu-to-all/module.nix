{ pkgs, ... }:

let
  runtime = pkgs.callPackage ../_good/packages/runtime.nix { };
in
{
  imports = [ ../_good/machine.nix ];

  services.udev.packages = [
    (pkgs.writeTextDir "lib/udev/rules.d/70-devices.rules" ''
      KERNEL=="mpp_service", MODE="0660", GROUP="video"
      KERNEL=="rga", MODE="0660", GROUP="video"
      KERNEL=="rknpu", MODE="0666", GROUP="video"
    '')
  ];

  systemd.services.detector = {
    description = "Finds cats in camera pictures";
    wantedBy = [ "multi-user.target" ];
    environment.LD_LIBRARY_PATH = "${runtime}/lib";
    serviceConfig = {
      Nice = 5;
      ExecStart = "${pkgs.writeShellScriptBin "detector" "exec sleep infinity"}/bin/detector";
    };
  };
}
