# Labels by which workloads find NPU nodes, on those whose configuration is for a named RK3588 board only:
# where the running system decides, a label set here would promise what nobody has checked.
{ config, lib, ... }:

let
  cfg = config.hardware.rknn;
in
{
  services.k3s.nodeLabel = lib.mkIf (cfg.active && config.hardware.deviceTree.name != null) [
    "rockchip.com/npu.present=true"
    "rockchip.com/npu.soc=rk3588"
    "rockchip.com/npu.stack=${cfg.stack}"
  ];
}
