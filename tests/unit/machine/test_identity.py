"""The identities that boards are emulated with are those of the real boards' device trees."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rknn_validation.errors import HarnessError
from rknn_validation.machine.dtb import Recorded, recorded
from rknn_validation.machine.identity import Identity, overlay
from rknn_validation.npu.boards import BOARDS, Board
from rknn_validation.npu.stacks import MAINLINE, VENDOR, Stack

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("entry", recorded(), ids=lambda entry: f"{entry.board}-{entry.package.split('_')[0]}")
def test_boards_say_what_their_device_trees_say(entry: Recorded) -> None:
    """Compatible strings in their order, and the model, as kernel packages ship them."""
    board = BOARDS[entry.board]
    assert (board.compatible, board.model) == (entry.compatible, entry.model)
    assert entry.dtb.endswith(board.dtb)


def test_every_board_with_a_device_tree_is_recorded() -> None:
    """A board added without looking at its device tree is noticed."""
    assert {entry.board for entry in recorded()} == {board.name for board in BOARDS.values() if board.dtb}


def test_mainline_nodes_are_those_of_linux_7() -> None:
    """Same names, same compatible, on the boards that have them; and Linux 6.12 has none."""
    for entry in recorded():
        if not BOARDS[entry.board].is_rk3588 or "6.12" in entry.package:
            assert entry.npu == ()
            continue
        names = tuple(f"npu@{address:x}" for address in MAINLINE.node_addresses)
        assert tuple(node.name for node in entry.npu) == names
        assert {(node.compatible, node.status) for node in entry.npu} == {((MAINLINE.node_compatible,), "okay")}


@pytest.mark.parametrize(("stack", "nodes"), [(VENDOR, 1), (MAINLINE, 3), (None, 0)])
def test_only_rk3588_boards_get_npu_nodes(stack: Stack | None, nodes: int) -> None:
    """One vendor node, three mainline nodes, none without a stack and none on any other board."""
    for board in BOARDS.values():
        text = overlay(Identity(board, stack))
        assert text.count("npu@") == (nodes if board.is_rk3588 else 0)
        assert f'model = "{board.model}";' in text


def test_a_name_cannot_break_out_of_its_string() -> None:
    """Board names become device-tree source; quotes are refused."""
    with pytest.raises(HarnessError, match="device tree"):
        overlay(Identity(Board("x", 'a"; status = "disabled', ("x",), ""), None))


def command(*words: str) -> subprocess.CompletedProcess[str]:
    """What the command says."""
    whole = [sys.executable, "-m", "rknn_validation.machine.identity", *words]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3] / "src")}
    return subprocess.run(whole, env=environment, capture_output=True, text=True, timeout=120, check=False)


NIXOS = [
    "-machine",
    "virt,gic-version=3,accel=tcg",
    "-cpu",
    "max",
    "-nodefaults",
    "-display",
    "none",
    "-smp",
    "2",
    "-m",
    "2048",
]


@pytest.mark.skipif(not shutil.which("qemu-system-aarch64"), reason="no QEMU on PATH; run ./setup.sh")
@pytest.mark.parametrize(
    ("board", "npu", "compatibles", "nodes"),
    [
        ("orangepi-5-plus", "vendor", "xunlong,orangepi-5-plus rockchip,rk3588", ["npu@fdab0000"]),
        ("raspberrypi-4-b", "vendor", "raspberrypi,4-model-b brcm,bcm2711", []),
    ],
)
def test_the_command_keeps_the_machine_and_gives_it_the_identity(
    tmp_path: Path, board: str, npu: str, compatibles: str, nodes: list[str]
) -> None:
    tree = tmp_path / "board.dtb"
    done = command(board, "--npu", npu, "--output", str(tree), "--", "qemu-system-aarch64", *NIXOS)
    assert done.returncode == 0, done.stderr
    listed = subprocess.run(["fdtget", "-l", tree, "/"], capture_output=True, text=True, check=True).stdout.split()
    said = subprocess.run(["fdtget", tree, "/", "compatible"], capture_output=True, text=True, check=True).stdout
    assert said.strip() == compatibles
    assert [name for name in listed if name.startswith("npu@")] == nodes
    # What a NixOS test's machine has its disks and consoles on.
    assert len([name for name in listed if name.startswith("virtio_mmio@")]) == 32
    assert [name for name in listed if name.startswith("pcie@")]
    assert [name for name in listed if name.startswith("intc@")]


def test_the_command_tells_what_is_wrong(tmp_path: Path) -> None:
    output = ("--output", str(tmp_path / "x"))
    assert "invalid choice" in command("no-such-board", *output, "--", "qemu", "-M", "virt").stderr
    done = command("virt", *output, "--", "qemu-system-aarch64", "-cpu", "max")
    assert done.returncode == 1
    assert "begins otherwise" in done.stderr
    assert not (tmp_path / "x").exists()
