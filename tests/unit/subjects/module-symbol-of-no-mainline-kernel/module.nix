import ../_good/module.nix {
  driver = { lib, ... }: {
    boot.kernelPatches = [
      {
        name = "rknpu";
        patch = null;
        structuredExtraConfig.ROCKCHIP_RKNPU = lib.kernel.module;
      }
    ];
  };
}
