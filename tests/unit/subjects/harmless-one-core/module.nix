import ../_good/mainline.nix {
  more = _: {
    hardware.deviceTree.overlays = [
      {
        name = "npu";
        dtsText = ''
          /dts-v1/;
          /plugin/;
          / { compatible = "rockchip,rk3588"; };
          &rknn_core_0 { status = "okay"; };
          &rknn_mmu_0 { status = "okay"; };
          /* one core is enough here */
          &rknn_core_1 { status = "disabled"; };
          &rknn_mmu_1 { status = "disabled"; };
        '';
      }
    ];
  };
}
