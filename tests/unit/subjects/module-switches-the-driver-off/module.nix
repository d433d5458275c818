import ../_good/mainline.nix {
  more = { lib, ... }: {
    boot.kernelPatches = [
      {
        name = "smaller-kernel";
        patch = null;
        structuredExtraConfig.DRM_ACCEL_ROCKET = lib.kernel.no;
      }
    ];
  };
}
