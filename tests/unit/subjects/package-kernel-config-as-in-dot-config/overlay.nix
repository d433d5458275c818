# Debugging aids for the driver's sake.
final: prev: {
  linux_npu = prev.linux_6_18.override {
    extraConfig = ''
      CONFIG_DMABUF_DEBUG=y
    '';
  };
}
