# A CDI specification that gives containers the NPU and Mesa's library.
{ cfg, config, lib, pkgs }:

{
  environment.etc."cdi/npu.json".text = builtins.toJSON {
    cdiVersion = "0.6.0";
    kind = "rockchip.com/npu";
    devices = [
      {
        name = "0";
        containerEdits.deviceNodes = [ { path = "/dev/accel/accel0"; } ];
      }
    ];
    containerEdits.mounts = [
      { hostPath = "${pkgs.mesa}/lib/libteflon.so"; containerPath = "/usr/lib/libteflon.so"; }
      { hostPath = "/nix/store"; containerPath = "/nix/store"; options = [ "ro" "rbind" ]; }
    ];
  };
}
