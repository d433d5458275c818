# The device tree of the test machine: the one QEMU generates for it, with the board's identity and the NPU's nodes.
#
# QEMU generates it without KVM, so that it is the same on every builder: with KVM the interrupt controller depends on
# the host. Slots for devices are not changed.
{
  pkgs,
  harness,
  board,
  cores,
  memorySize, # MiB
  # vendor | mainline: the stack that the NPU's nodes are for, on a board that has an NPU.
  npu,
}:

let
  python = pkgs.python3.withPackages (packages: [ (harness.module packages) ]);
in
pkgs.runCommand "${board}.dtb"
  {
    nativeBuildInputs = [
      python
      pkgs.dtc
      pkgs.qemu
    ];
  }
  ''
    python -m rknn_validation.machine.identity ${board} --npu ${npu} --output "$out" -- \
      qemu-system-aarch64 -machine virt,gic-version=3,accel=tcg -cpu max -nodefaults -display none \
      -smp ${toString cores} -m ${toString memorySize}
  ''
