import ../_good/mainline.nix {
  library = _: { };
  more = _: {
    environment.etc."cdi/npu.json".text = builtins.toJSON {
      cdiVersion = "0.6.0";
      kind = "rockchip.com/npu";
      devices = [
        {
          name = "0";
          containerEdits.deviceNodes = [ { path = "/dev/accel/accel0"; } ];
        }
      ];
      containerEdits.mounts = map (path: {
        hostPath = path;
        containerPath = path;
      }) [ "/run/opengl-driver" "/nix/store" ];
    };
  };
}
