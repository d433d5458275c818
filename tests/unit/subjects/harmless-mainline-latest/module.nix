import ../_good/mainline.nix {
  driver = { lib, pkgs, ... }: {
    boot.kernelPackages = pkgs.linuxPackages_latest;
    boot.kernelModules = [ "rocket" ];
    boot.kernelPatches = [
      {
        name = "npu";
        patch = null;
        structuredExtraConfig = {
          DRM_ACCEL = lib.kernel.yes;
          DRM_ACCEL_ROCKET = lib.kernel.module;
        };
      }
    ];
  };
}
