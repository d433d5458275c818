import ../_good/mainline.nix {
  more = { lib, ... }: {
    boot.kernelPatches = [
      {
        name = "rocket";
        patch = null;
        structuredExtraConfig.CONFIG_DRM_ACCEL_ROCKET = lib.kernel.module;
      }
    ];
  };
}
