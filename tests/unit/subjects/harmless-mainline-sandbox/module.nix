import ../_good/mainline.nix {
  more = { cfg, lib, pkgs, ... }: {
    systemd.services.npu-server = {
      wantedBy = [ "multi-user.target" ];
      environment.TFLITE_DELEGATE = "/run/opengl-driver/lib/libteflon.so";
      serviceConfig = {
        ProcSubset = "pid";
        DeviceAllow = [ "char-accel rwm" "/dev/null r" ];
        ExecStart = "${pkgs.writeShellScript "classify" "exec classify"}";
      };
    };
  };
}
