"""The device tree of an emulated board: QEMU's own, with the board's identity and NPU nodes.

Also a command, for machines that somebody else starts (see tests/nixos-vm/nix/device-tree.nix):
`python -m rknn_validation.machine.identity BOARD [--npu STACK] --output FILE -- QEMU -machine virt,... OPTION...`
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rknn_validation.common.deadline import Deadline
from rknn_validation.common.errors import HarnessError
from rknn_validation.common.process import output
from rknn_validation.npu.boards import BOARDS, Board
from rknn_validation.npu.cores import CORES, CoreAddresses
from rknn_validation.npu.stacks import MAINLINE, STACKS, Stack

VENDOR_WINDOWS = tuple((core, 0x10000) for core in (0xFDAB0000, 0xFDAC0000, 0xFDAD0000))
"""Register windows (address, bytes) of the vendor's single node, which stands for all three cores."""

SECONDS = 120.0
"""Deadline of the command; QEMU answers within a second on an idle machine."""

MAINLINE_WINDOWS = ((0, 0x1000), (0x1000, 0x1000), (0x3000, 0x1000))
"""Register windows (offset, bytes) of one mainline core: pc, cna, core."""


@dataclass(frozen=True)
class Identity:
    """What a machine claims to be. With `npu`, an RK3588 board gets that stack's NPU nodes; others never do."""

    board: Board
    npu: Stack | None

    @property
    def modelled(self) -> bool:
        """Whether the machine has a working NPU, which a model computes for."""
        return self.board.is_rk3588 and self.npu is MAINLINE

    @property
    def name(self) -> str:
        """For logs and progress."""
        return (
            f"{self.board.name} ({self.npu.name} NPU nodes)" if self.npu and self.board.is_rk3588 else self.board.name
        )


def overlay(identity: Identity) -> str:
    """Device-tree source that turns QEMU's tree into the board's."""
    if not identity.board.can_be_emulated:
        raise HarnessError(
            f"{identity.board.name} cannot be emulated",
            expected="a board with a device tree",
            seen="a machine without one",
        )
    compatible = ", ".join(_quoted(name) for name in identity.board.compatible)
    properties = [f"compatible = {compatible};", f"model = {_quoted(identity.board.model)};"]
    nodes = _npu_nodes(identity.npu) if identity.npu and identity.board.is_rk3588 else []
    return "\n".join(["/ {", *properties, *nodes, "};", ""])


def _npu_nodes(stack: Stack) -> list[str]:
    if stack is MAINLINE:
        return [_CLOCK_AND_RESET, *(_core(number, core) for number, core in enumerate(CORES))]
    reg = ", ".join(f"<0x0 {start:#x} 0x0 {size:#x}>" for start, size in VENDOR_WINDOWS)
    compatible = _quoted(stack.node_compatible)
    return [f'npu@{stack.node_addresses[0]:x} {{ compatible = {compatible}; reg = {reg}; status = "okay"; }};']


_CLOCK_AND_RESET = """
    npu_clock: npu-clock { compatible = "fixed-clock"; #clock-cells = <0>; clock-frequency = <1000000000>; };
    npu_reset: reset-controller@fd7c0000 {
        compatible = "snps,dw-low-reset"; reg = <0x0 0xfd7c0000 0x0 0x1000>; #reset-cells = <1>;
    };"""
"""Stand-ins for RK3588's clock and reset unit."""


def _core(number: int, core: CoreAddresses) -> str:
    """A core and its MMU, as rk3588-base.dtsi has them but for clock, resets and power domain."""
    windows = [(core.registers + offset, size) for offset, size in MAINLINE_WINDOWS]
    reg = ", ".join(f"<0x0 {start:#x} 0x0 {size:#x}>" for start, size in windows)
    banks = ", ".join(f"<0x0 {bank:#x} 0x0 0x100>" for bank in core.mmu)
    interrupts = f"interrupts = <0 {core.interrupt} 4>;"
    return f"""
    npu@{core.registers:x} {{
        compatible = {_quoted(MAINLINE.node_compatible)}; reg = {reg}; reg-names = "pc", "cna", "core"; {interrupts}
        clocks = <&npu_clock>, <&npu_clock>, <&npu_clock>, <&npu_clock>; clock-names = "aclk", "hclk", "npu", "pclk";
        resets = <&npu_reset {2 * number}>, <&npu_reset {2 * number + 1}>; reset-names = "srst_a", "srst_h";
        iommus = <&npu_mmu_{number}>; status = "okay";
    }};
    npu_mmu_{number}: iommu@{core.mmu[0]:x} {{
        compatible = "rockchip,rk3588-iommu", "rockchip,rk3568-iommu"; reg = {banks}; {interrupts}
        clocks = <&npu_clock>, <&npu_clock>; clock-names = "aclk", "iface"; #iommu-cells = <0>; status = "okay";
    }};"""


def _quoted(text: str) -> str:
    if not re.fullmatch(r"[ -~]+", text):
        raise HarnessError(f"{text!r} cannot stand in a device tree", expected="printable ASCII")
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def device_tree(
    identity: Identity, qemu: Sequence[str | Path], slots: int | None, work: Path, deadline: Deadline
) -> bytes:
    """The flattened device tree for a QEMU command line whose third word is the machine (`qemu -machine virt ...`).

    Of the 32 virtio slots only the first `slots` are kept: udev has to examine every further one. None keeps them all.
    """
    dumped = work / "qemu.dtb"
    program, flag, machine, *rest = map(str, qemu)
    output([program, flag, f"{machine},dumpdtb={dumped}", *rest], deadline)
    source = output(["dtc", "-q", "-I", "dtb", "-O", "dts", dumped], deadline).decode()
    # Each QEMU makes new seeds; with them, the same board would never be the same bytes twice.
    source = re.sub(r"^\s*(kaslr|rng)-seed = .*;$", "", source, flags=re.MULTILINE)
    unused = [] if slots is None else sorted(set(re.findall(r"\bvirtio_mmio@[0-9a-f]+", source)))[slots:]
    deletions = "\n".join(f"/ {{ /delete-node/ {node}; }};" for node in unused)
    text = "\n".join((source, deletions, overlay(identity))).encode()
    return output(["dtc", "-q", "-I", "dts", "-O", "dtb", "-"], deadline, stdin=text)


def main(words: Sequence[str]) -> int:
    """Write the device tree of a board on a QEMU machine whose every slot stays; exit status."""
    parser = argparse.ArgumentParser(prog="python -m rknn_validation.machine.identity")
    parser.add_argument("board", choices=BOARDS, metavar="BOARD")
    parser.add_argument("--npu", choices=STACKS, help="whose NPU nodes, on a board that has an NPU")
    parser.add_argument("--output", type=Path, required=True, metavar="FILE")
    parser.add_argument("qemu", nargs="+", help="QEMU -machine virt,... OPTION...")
    given = parser.parse_args(words)
    identity = Identity(BOARDS[given.board], STACKS.get(given.npu or ""))
    try:
        if given.qemu[1:2] not in (["-machine"], ["-M"]) or len(given.qemu) < 3:
            expected = "QEMU, -machine, the machine, further options"
            raise HarnessError("QEMU's command line begins otherwise", expected=expected, seen=" ".join(given.qemu))
        with tempfile.TemporaryDirectory(prefix="rknn-identity-") as work:
            deadline = Deadline.after(SECONDS, f"the device tree of {identity.name}")
            given.output.write_bytes(device_tree(identity, given.qemu, None, Path(work), deadline))
    except HarnessError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
