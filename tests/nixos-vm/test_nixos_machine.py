"""The machine of a NixOS test: its options for QEMU beside the driver's, under a kernel that is at hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from nixostests import evaluate

from rknn_validation.common.deadline import Deadline
from rknn_validation.common.process import run, tool
from rknn_validation.machine.emulator import Emulator
from rknn_validation.npu.boards import BOARDS

pytestmark = pytest.mark.vm


@pytest.mark.parametrize("name", ["library-path", "guard"])
def test_a_kernel_comes_up_on_the_machine_with_the_boards_identity(
    name: str, emulator: Emulator, tmp_path: Path
) -> None:
    """As far as its root file system, which is not there: processors, interrupts and the bus of the disks are."""
    test = evaluate()[name]
    tree = tmp_path / "board.dtb"
    test.make_device_tree(tree)
    options = [option.split(" ", 1) for option in test.more["options"]]
    own = [word if not word.startswith("/nix/store/") else str(tree) for option in options for word in option]
    assert own.count(str(tree)) == 1
    # What nixpkgs' qemu-vm.nix and qemu-common.nix start an aarch64 guest with.
    qemu = [tool("qemu-system-aarch64", "run ./setup.sh"), "-machine", "virt,gic-version=max,accel=kvm:tcg"]
    qemu += ["-cpu", "max", "-name", "machine", "-m", "2048", "-smp", "2", "-device", "virtio-rng-pci"]
    kernel = emulator.image(Deadline.after(600.0, "the board's image")).kernel
    qemu += ["-nodefaults", "-kernel", str(kernel), "-append", "console=ttyAMA0 panic=-1 arm64.nopauth"]
    limit = Deadline.after(200.0, "a kernel to come up on a NixOS test's machine")
    said = run([*qemu, *own, "-no-reboot", "-display", "none", "-serial", "stdio"], deadline=limit).stdout
    board = BOARDS[json.loads(test.expectation)["board"]]
    assert f"Machine model: {board.model}" in said
    assert "GICv3: CPU1" in said
    assert "SMP: Total of 2 processors activated" in said
    assert "PCI host bridge to bus" in said
    assert "VFS: Unable to mount root fs" in said
