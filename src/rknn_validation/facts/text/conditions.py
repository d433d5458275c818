"""Conditions of units, as systemd.unit(5) has them: what they ask, and whether they hold on a board."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rknn_validation.facts.nix.configuration import Unit
from rknn_validation.npu.about import names_this_npu
from rknn_validation.npu.boards import Board

_FIRMWARE = re.compile(r"uefi|device-tree|device-tree-compatible\([^()\s]+\)|smbios-field\(.+\)")
_COMPATIBLE = re.compile(r"device-tree-compatible\(([^()]+)\)")
_ARCHITECTURES = frozenset(
    (
        *("x86-64", "x86", "ia64", "alpha", "arm", "arm-be", "arm64", "arm64-be", "riscv32", "riscv64", "native"),
        *("ppc64", "ppc64-le", "ppc", "s390x", "loongarch64", "mips64"),
    )
)
_PATHS = frozenset({"DirectoryNotEmpty", "FileNotEmpty", "FileIsExecutable"})


@dataclass(frozen=True)
class Condition:
    """A Condition…= or Assert…= of a unit: `key` as it is written, `value` without `|` and `!`.

    Of those that are `triggering` (`|`) one has to hold, of the others all.
    """

    key: str
    value: str
    negated: bool
    triggering: bool

    @property
    def kind(self) -> str:
        """What is asked: `Firmware`, `PathExists`, ..."""
        return self.key.removeprefix("Condition").removeprefix("Assert")

    @property
    def unreadable(self) -> str | None:
        """Why systemd cannot read it; None where it can."""
        if self.kind == "Firmware" and not _FIRMWARE.fullmatch(self.value):
            return "not one of uefi, device-tree, device-tree-compatible(…), smbios-field(…)"
        compatible = _COMPATIBLE.fullmatch(self.value)
        if self.kind == "Firmware" and compatible and "," not in compatible[1]:
            return "a compatible string has a vendor: rockchip,rk3588"
        if self.kind == "Architecture" and self.value not in _ARCHITECTURES:
            return "not an architecture systemd knows; AArch64 is arm64"
        is_path = self.kind.startswith("Path") or self.kind in _PATHS
        return "the path is not absolute" if is_path and not self.value.startswith(("/", "%")) else None

    def holds(self, board: Board) -> bool | None:
        """Whether it is true on a board; None where only the running system can tell."""
        found = self._holds(board)
        return found if found is None or not self.negated else not found

    def _holds(self, board: Board) -> bool | None:
        compatible = _COMPATIBLE.fullmatch(self.value)
        if self.kind == "Firmware" and compatible:
            return compatible[1] in board.compatible
        if self.kind == "Firmware" and not _FIRMWARE.fullmatch(self.value):
            return False
        if self.kind == "Firmware" and self.value == "device-tree":
            return bool(board.compatible)
        if self.kind == "Architecture" and self.value != "native":
            return self.value == ("arm64" if board.compatible else "x86-64")
        if self.kind.startswith("Path") and names_this_npu(self.value):
            return None if board.is_rk3588 else False
        return True if self.kind == "Architecture" else None


def conditions(unit: Unit) -> Iterator[Condition]:
    """Every Condition and Assert of a unit."""
    for key, values in unit.sections.get("Unit", {}).items():
        if key.startswith(("Condition", "Assert")):
            for value in values:
                rest = value.lstrip("|").strip()
                yield Condition(key, rest.lstrip("!").strip(), rest.startswith("!"), value.startswith("|"))


def starts_on(unit: Unit, board: Board) -> bool | None:
    """Whether the unit's conditions let it start on a board; None where only the running system can tell."""
    asked = list(conditions(unit))
    required = [one.holds(board) for one in asked if not one.triggering]
    triggering = [one.holds(board) for one in asked if one.triggering]
    if triggering:
        required.append(True if True in triggering else None if None in triggering else False)
    if False in required:
        return False
    return None if None in required or unit.sections.get("Service", {}).get("ExecCondition") else True
