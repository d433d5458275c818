# ConditionFirmware= of units: `isRk3588` for those that touch the NPU, `isOther` for those on any other board.
let
  # The SoC has two names.
  tests = [
    "device-tree-compatible(rockchip,rk3588)"
    "device-tree-compatible(rockchip,rk3588s)"
  ];
in
{
  # One of them is enough.
  isRk3588 = map (test: "|${test}") tests;
  isOther = map (test: "!${test}") tests;
}
