# Labels by which workloads find NPU nodes. They are only set if the configuration names an RK3588 board: where the
# running system decides, nobody has checked that there is an NPU.
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
