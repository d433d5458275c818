import ../_good/mainline.nix {
  more = { lib, ... }: {
    boot.kernelPatches = [
      {
        name = "rocket";
        patch = null;
        structuredExtraConfig = {
          DRM_ACCEL = lib.mkForce lib.kernel.no;
          DRM_ACCEL_ROCKET = lib.kernel.module;
        };
      }
    ];
  };
}
