import ../_good/module.nix {
  driver =
    { lib, ... }:
    {
      boot.kernelPatches = [
        {
          name = "the NPU of our boards";
          patch = ./npu.patch;
          structuredExtraConfig.ROCKCHIP_RKNPU = lib.kernel.module;
        }
      ];
      hardware.deviceTree = {
        enable = true;
        overlays = [
          {
            name = "rknpu";
            dtsText = builtins.readFile ../_good/rknpu.dts;
          }
        ];
      };
    };
}
