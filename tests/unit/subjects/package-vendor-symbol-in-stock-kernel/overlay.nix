# A kernel with the NPU's driver.
final: prev: {
  linux_npu = prev.linux_6_18.override {
    structuredExtraConfig = with final.lib.kernel; {
      ROCKCHIP_RKNPU = yes;
      ROCKCHIP_RKNPU_DRM_GEM = yes;
    };
  };
}
