import ../_good/mainline.nix {
  more = { lib, ... }: {
    boot.kernelPatches = [
      {
        name = "accel";
        patch = null;
        structuredExtraConfig.DRM_ACCEL = lib.kernel.module;
      }
    ];
  };
}
