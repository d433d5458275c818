import ../_good/mainline.nix {
  more = _: {
    virtualisation.containerd = {
      enable = true;
      settings.plugins."io.containerd.cri.v1.runtime".cdi_spec_dirs = [ "/etc/npu/cdi" ];
    };
    environment.etc."npu/cdi/rocket.json".text = builtins.toJSON {
      cdiVersion = "0.6.0";
      kind = "rockchip.com/npu";
      devices = [
        {
          name = "0";
          containerEdits.deviceNodes = [ { path = "/dev/accel/accel0"; } ];
        }
      ];
    };
  };
}
