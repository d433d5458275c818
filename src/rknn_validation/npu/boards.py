"""Boards: what a board's device tree says about itself.

`boards.json` is recorded from the compiled trees of Debian's arm64 kernel packages (scripts/record_device_trees.py):
every tree of a Rockchip SoC and of a Raspberry Pi. `virt` is QEMU's generated tree.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from importlib import resources

from rknn_validation.npu.devicetrees import name_of

RK3588_COMPATIBLES = frozenset({"rockchip,rk3588", "rockchip,rk3588s"})
"""Root `compatible` strings of SoCs that carry the RK3588 NPU."""

_SOC = re.compile(r"^rk3588s?-")
_SOC_NAME = re.compile(r"rockchip,rk\d{4}[a-z]*")
_KIN = frozenset(f"rockchip,{name}" for name in ("rk3562", "rk3566", "rk3568", "rk3576", "rk3582"))
_NAMES = {
    "bcm2711-rpi-4-b": "raspberrypi-4-b",
    # The one name that both SoCs have.
    "rk3588s-evb1-v10": "rk3588s-evb1-v10",
}


@dataclass(frozen=True)
class Board:
    """A machine identity: root `compatible` strings (most specific first), `model`, DTB path under `dtbs/`."""

    name: str
    model: str
    compatible: tuple[str, ...]
    dtb: str

    @property
    def soc(self) -> str:
        """The SoC as the tree names it (`rockchip,rk3588s`); "" where it names none of Rockchip's.

        The most specific name counts: an RK3582 says that it is an RK3588S as well, and has parts of it only.
        """
        return next((name for name in self.compatible if _SOC_NAME.fullmatch(name)), "")

    @property
    def is_rk3588(self) -> bool:
        """Whether the board has the NPU this project is about."""
        return self.soc in RK3588_COMPATIBLES

    @property
    def has_rockchip_npu(self) -> bool:
        """Whether the SoC has an NPU that the vendor's stack serves: this one, or one of its kin."""
        return self.is_rk3588 or self.soc in _KIN

    @property
    def can_be_emulated(self) -> bool:
        """Whether there is an identity to give to an emulated machine, which is an AArch64 one with a device tree."""
        return bool(self.compatible)


def _name(dtb: str) -> str:
    return _NAMES.get(name_of(dtb)) or _SOC.sub("", name_of(dtb))


def _recorded() -> dict[str, Board]:
    entries = json.loads(resources.files("rknn_validation.npu").joinpath("boards.json").read_text(encoding="utf-8"))
    every = (Board(_name(dtb), one["model"], tuple(one["compatible"]), dtb) for dtb, one in entries.items())
    return {board.name: board for board in every}


_WITHOUT_TREE = (
    Board("virt", "linux,dummy-virt", ("linux,dummy-virt",), ""),
    Board("generic-x86_64", "a PC", (), ""),
)

BOARDS: dict[str, Board] = {**_recorded(), **{board.name: board for board in _WITHOUT_TREE}}
"""All boards the harness knows, by name."""

RK3588_BOARDS: tuple[Board, ...] = tuple(board for board in BOARDS.values() if board.is_rk3588)
"""Every board of Linux that has this NPU."""

FOREIGN = BOARDS["raspberrypi-4-b"]
"""The example of a board with another SoC."""

PC = BOARDS["generic-x86_64"]
"""The example of a machine without a device tree."""


def board_of_dtb(name: str) -> Board | None:
    """The board whose device tree that is (`rockchip/rk3588-rock-5b.dtb`), None where it is of no SoC known here.

    Vendors' kernels have trees that Linux has not. For one of those (`rk3588-blade3-v101.dtb`) it is a board of which
    no more is known than its SoC, by its name; `named` finds it again.
    """
    tree = name_of(name)
    for board in BOARDS.values():
        if board.dtb and name_of(board.dtb) == tree:
            return board
    soc = re.match(r"(rk\d{4}s?)(?=-)", tree)
    return Board(tree, tree, (f"rockchip,{soc[1]}",), f"rockchip/{tree}.dtb") if soc else None


def named(name: str) -> Board:
    """The board of that name, those of vendors' trees included. Raises KeyError where there is none."""
    board = BOARDS.get(name) or board_of_dtb(name)
    if board is None:
        raise KeyError(name)
    return board
