final: prev: {
  linux_npu = prev.linux_6_18.override {
    structuredExtraConfig = with final.lib.kernel; {
      DRM_ACCEL = yes;
      DRM_ACCEL_ROCKET = module;
      ROCKCHIP_IOMMU = yes;
      DMABUF_HEAPS = yes;
      DMABUF_HEAPS_CMA = yes;
      CMA_SIZE_MBYTES = freeform "256";
      ROCKCHIP_RKNPU = option no;
    };
  };
  linux_older = prev.linux_6_12.override {
    extraConfig = ''
      CMA y
      DRM_ACCEL y
      ROCKCHIP_RKNPU? m
      DRM_ACCEL_ROCKET n
    '';
  };
  linux_patched = prev.linux_6_12.override {
    kernelPatches = [
      {
        name = "rocket-backport";
        patch = ./rocket.patch;
        structuredExtraConfig.DRM_ACCEL_ROCKET = final.lib.kernel.module;
      }
    ];
  };
}
