# ConditionFirmware= of every unit that touches the NPU: either of the SoC's two names will do.
[
  "|device-tree-compatible(rockchip,rk3588)"
  "|device-tree-compatible(rockchip,rk3588s)"
]
