"""Device trees that are made and read with the programs for them: the identity's command, a guest's own tree."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import test_guest_image

from rknn_validation.common.deadline import Deadline
from rknn_validation.common.process import output
from rknn_validation.machine.identity import Identity, overlay
from rknn_validation.machine.nixosguest import read
from rknn_validation.npu.boards import BOARDS, Board
from rknn_validation.npu.stacks import MAINLINE, VENDOR

pytestmark = pytest.mark.integration


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


@pytest.mark.parametrize("board", [one for one in BOARDS.values() if one.can_be_emulated], ids=lambda one: one.name)
def test_every_board_s_identity_is_a_tree_that_says_so(board: Board, tmp_path: Path) -> None:
    source = f"/dts-v1/;\n{overlay(Identity(board, VENDOR))}"
    tree = tmp_path / "board.dtb"
    command = ["dtc", "-q", "-I", "dts", "-O", "dtb", "-o", str(tree), "-"]
    subprocess.run(command, input=source, text=True, check=True, timeout=20)
    said = {
        key: subprocess.run(["fdtget", tree, "/", key], capture_output=True, text=True, check=True).stdout.strip()
        for key in ("compatible", "model")
    }
    assert said == {"compatible": " ".join(board.compatible), "model": board.model}
    nodes = subprocess.run(["fdtget", "-l", tree, "/"], capture_output=True, text=True, check=True).stdout.split()
    assert nodes == (["npu@fdab0000"] if board.is_rk3588 else [])


def test_the_command_tells_what_is_wrong(tmp_path: Path) -> None:
    output = ("--output", str(tmp_path / "x"))
    assert "invalid choice" in command("no-such-board", *output, "--", "qemu", "-M", "virt").stderr
    done = command("virt", *output, "--", "qemu-system-aarch64", "-cpu", "max")
    assert done.returncode == 1
    assert "begins otherwise" in done.stderr
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    ("nodes", "stack"),
    [
        ('npu@fdab0000 { compatible = "rockchip,rk3588-rknpu"; };', VENDOR),
        ('npu@fdab0000 { compatible = "rockchip,rk3588-rknn-core"; status = "okay"; };', MAINLINE),
        ('npu@fdab0000 { compatible = "rockchip,rk3588-rknn-core"; status = "disabled"; };', None),
        ("", None),
    ],
)
def test_the_host_s_own_device_tree_says_which_npu_it_has(nodes: str, stack: object, tmp_path: Path) -> None:
    directory = test_guest_image.make(tmp_path / "guest")
    deadline = Deadline.after(30, "dtc")
    source = f"/dts-v1/; / {{ {nodes} }};".encode()
    blob = output(["dtc", "-q", "-I", "dts", "-O", "dtb", "-"], deadline, stdin=source)
    (directory / "board.dtb").write_bytes(blob)
    assert read(directory).described(deadline) == stack
