# A long-term kernel with the NPU's driver.
final: prev: {
  linux_npu = prev.linux_6_12.override {
    structuredExtraConfig = {
      DRM_ACCEL = final.lib.kernel.yes;
      DRM_ACCEL_ROCKET = final.lib.kernel.module;
    };
  };
}
