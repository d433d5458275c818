{ pkgs, ... }:

let
  runtime = pkgs.callPackage ../_good/packages/runtime.nix { };
in
{
  imports = [ ../_good/machine.nix ];

  services.udev.packages = [
    (pkgs.writeTextDir "lib/udev/rules.d/70-rknpu.rules" ''
      SUBSYSTEM=="misc", KERNEL=="rknpu", GROUP="npu", MODE="0660"
      SUBSYSTEM=="drm", DRIVERS=="RKNPU", GROUP="npu", MODE="0660"
    '')
  ];

  # Clients of the server, a reader of the driver's figures and one that waits: none of them opens the NPU.
  systemd.services.chat = {
    description = "A page to talk to what runs on the NPU";
    wantedBy = [ "multi-user.target" ];
    after = [ "detector.service" ];
    environment.OLLAMA_BASE_URL = "http://rkllama.internal:8080";
    serviceConfig = {
      DynamicUser = true;
      PrivateDevices = true;
      ExecStart = "${pkgs.coreutils}/bin/sleep infinity";
    };
  };
  systemd.services.npu-figures = {
    wantedBy = [ "multi-user.target" ];
    script = "while sleep 10; do cat /sys/kernel/debug/rknpu/load; done";
    serviceConfig.PrivateDevices = true;
  };
  systemd.services.doorbell = {
    wantedBy = [ "multi-user.target" ];
    requires = [ "detector.service" ];
    after = [ "detector.service" ];
    serviceConfig = {
      DynamicUser = true;
      ExecStart = "${pkgs.coreutils}/bin/sleep infinity";
    };
  };
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
