import ../_good/mainline.nix {
  more = _: {
    hardware.deviceTree.overlays = [
      {
        name = "npu";
        filter = "rk3588s-rock-5a";
        dtsText = ''
          /dts-v1/;
          /plugin/;
          / {
            compatible = "rockchip,rk3588s";
          };
          &rknn_core_0 { npu-supply = <&vdd_npu_s0>; status = "okay"; };
          &rknn_core_1 { npu-supply = <&vdd_npu_s0>; status = "okay"; };
          &rknn_core_2 { npu-supply = <&vdd_npu_s0>; status = "okay"; };
          &rknn_mmu_0 { status = "okay"; };
          &rknn_mmu_1 { status = "okay"; };
          &rknn_mmu_2 { status = "okay"; };
        '';
      }
    ];
  };
}
