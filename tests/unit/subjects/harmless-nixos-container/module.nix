import ../_good/mainline.nix {
  more = _: {
    containers.vision = {
      autoStart = true;
      allowedDevices = [
        {
          node = "/dev/accel/accel0";
          modifier = "rw";
        }
      ];
      bindMounts."/dev/accel".hostPath = "/dev/accel";
      bindMounts."/run/opengl-driver".hostPath = "/run/opengl-driver";
      config = { pkgs, ... }: {
        systemd.services.vision = {
          wantedBy = [ "multi-user.target" ];
          serviceConfig.ExecStart = "${pkgs.python3}/bin/python3 -m vision /run/opengl-driver/lib/libteflon.so";
        };
        system.stateVersion = "25.11";
      };
    };
  };
}
