# What mainline's device trees of RK3588 boards say of the NPU.
#
# Since 6.18 every one of them has the three rknn-core nodes and their MMUs, disabled; a board's own tree enables
# them and names the regulator. Read in the compiled trees of 6.18.15 and 7.2.13.
{
  # Name -> the first release known to enable the nodes there.
  enabledSince = {
    # Read in 6.18.15.
    "rockchip/rk3588-orangepi-5-max.dtb" = "6.18";
    "rockchip/rk3588-orangepi-5-plus.dtb" = "6.18";
    "rockchip/rk3588-orangepi-5-ultra.dtb" = "6.18";
    "rockchip/rk3588-quartzpro64.dtb" = "6.18";
    "rockchip/rk3588-rock-5b-plus.dtb" = "6.18";
    "rockchip/rk3588-rock-5b.dtb" = "6.18";
    "rockchip/rk3588-rock-5t.dtb" = "6.18";
    "rockchip/rk3588s-nanopi-r6c.dtb" = "6.18";
    "rockchip/rk3588s-nanopi-r6s.dtb" = "6.18";
    "rockchip/rk3588s-orangepi-5.dtb" = "6.18";
    "rockchip/rk3588s-orangepi-5b.dtb" = "6.18";
    # Changed in January 2026, after 6.19.
    "rockchip/rk3588-friendlyelec-cm3588-nas.dtb" = "7.0";
    "rockchip/rk3588-nanopc-t6-lts.dtb" = "7.0";
    "rockchip/rk3588-nanopc-t6.dtb" = "7.0";
    "rockchip/rk3588-turing-rk1.dtb" = "7.0";
    # Seen in 7.2 and not in 6.18; since when is not known here.
    "rockchip/rk3588-jaguar.dtb" = "7.2";
    "rockchip/rk3588-rock-5-itx.dtb" = "7.2";
    "rockchip/rk3588-tiger-haikou.dtb" = "7.2";
    "rockchip/rk3588s-gameforce-ace.dtb" = "7.2";
    "rockchip/rk3588s-indiedroid-nova.dtb" = "7.2";
  };

  # Disabled in 7.2, with a regulator for the NPU that is always on: labels of the supplies of cores and SRAM.
  supplies =
    let
      one = {
        npu = "vdd_npu_s0";
        sram = "vdd_npu_s0";
      };
      two = {
        npu = "vdd_npu_s0";
        sram = "vdd_npu_mem_s0";
      };
    in
    {
      "rockchip/rk3588-coolpi-cm5-evb.dtb" = one;
      "rockchip/rk3588-coolpi-cm5-genbook.dtb" = one;
      "rockchip/rk3588-evb1-v10.dtb" = two;
      "rockchip/rk3588-evb2-v10.dtb" = two;
      "rockchip/rk3588-firefly-itx-3588j.dtb" = two;
      "rockchip/rk3588-mnt-reform2.dtb" = two;
      "rockchip/rk3588-ok3588-c.dtb" = one;
      "rockchip/rk3588s-coolpi-4b.dtb" = one;
      "rockchip/rk3588s-evb1-v10.dtb" = two;
      "rockchip/rk3588s-odroid-m2.dtb" = one;
      "rockchip/rk3588s-orangepi-cm5-base.dtb" = one;
      "rockchip/rk3588s-roc-pc.dtb" = one;
      "rockchip/rk3588s-rock-5a.dtb" = one;
      "rockchip/rk3588s-rock-5c.dtb" = one;
    };

  # Disabled in 7.2, and no regulator of the tree is the NPU's by its name: nobody can enable it from outside.
  unsupplied = [
    "rockchip/rk3588-armsom-sige7.dtb"
    "rockchip/rk3588-armsom-w3.dtb"
    "rockchip/rk3588-edgeble-neu6a-io.dtb"
    "rockchip/rk3588-edgeble-neu6b-io.dtb"
    "rockchip/rk3588-h96-max-v58.dtb"
    "rockchip/rk3588-roc-rt.dtb"
    "rockchip/rk3588-toybrick-x0.dtb"
    "rockchip/rk3588s-khadas-edge2.dtb"
    "rockchip/rk3588s-radxa-cm5-io.dtb"
  ];
}
