import ../_good/module.nix {
  driver = { config, ... }: {
    system.requiredKernelConfig = with config.lib.kernelConfig; [
      (isEnabled "DRM")
      (isEnabled "ROCKCHIP_RKNPU")
    ];
  };
}
