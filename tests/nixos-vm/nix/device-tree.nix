# What the machine says it is: the tree QEMU makes for it, under the board's identity and with the NPU's nodes.
#
# QEMU is asked without KVM, so that the tree is the same on every builder; which interrupt controller it has is then
# no longer up to the host. Slots for devices stay as they are.
{
  pkgs,
  harness,
  board,
  cores,
  memorySize, # MiB
  # vendor | mainline: whose NPU nodes, on a board that has an NPU.
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
