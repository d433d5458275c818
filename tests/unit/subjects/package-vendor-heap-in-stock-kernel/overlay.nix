final: prev: {
  linux_rknpu = prev.linux_latest.override {
    kernelPatches = [
      {
        name = "dma-heaps";
        patch = null;
        structuredExtraConfig = with final.lib.kernel; {
          DMABUF_HEAPS = yes;
          DMABUF_HEAPS_ROCKCHIP_CMA_HEAP = yes;
        };
      }
    ];
  };
}
