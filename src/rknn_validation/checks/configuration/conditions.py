"""Conditions of units: are they readable, and do they hold where they should?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rknn_validation.checks.configuration.registry import ALL_STACKS, CONFIGURATION_CHECKS
from rknn_validation.checks.model import Answer, Evidence, failed, passed, skipped
from rknn_validation.facts.devnodes import exists
from rknn_validation.facts.difference import part
from rknn_validation.facts.model import Facts
from rknn_validation.facts.text.unitfile import text_of
from rknn_validation.nix.configuration import Unit
from rknn_validation.npu.boards import Board

_FIRMWARE = re.compile(r"uefi|device-tree|device-tree-compatible\([^()\s]+\)|smbios-field\(.+\)")
_KNOWN = (
    "x86-64 x86 ia64 alpha arm arm-be arm64 arm64-be riscv32 riscv64 native ppc64 ppc64-le ppc s390x loongarch64 mips64"
)
_ARCHITECTURES = frozenset(_KNOWN.split())
_COMPATIBLE = re.compile(r"device-tree-compatible\(([^()]+)\)")


def conditions(unit: Unit) -> Iterator[tuple[str, str, bool, bool]]:
    """(key, value, negated, triggering) of every Condition and Assert of a unit."""
    for key, values in unit.sections.get("Unit", {}).items():
        if key.startswith(("Condition", "Assert")):
            for value in values:
                triggering = value.startswith("|")
                rest = value.lstrip("|").strip()
                yield key, rest.lstrip("!").strip(), rest.startswith("!"), triggering


def starts_on(unit: Unit, board: Board) -> bool | None:
    """Whether the unit's conditions let it start on a board; None where only the running system can tell."""
    required: list[bool | None] = []
    triggering: list[bool | None] = []
    for key, value, negated, is_triggering in conditions(unit):
        holds = _holds(key, value, board)
        result = holds if holds is None or not negated else not holds
        (triggering if is_triggering else required).append(result)
    if triggering:
        required.append(True if True in triggering else None if None in triggering else False)
    if False in required:
        return False
    return None if None in required or _has_exec_condition(unit) else True


def _has_exec_condition(unit: Unit) -> bool:
    return bool(unit.sections.get("Service", {}).get("ExecCondition"))


def _holds(key: str, value: str, board: Board) -> bool | None:
    kind = re.sub("^(Condition|Assert)", "", key)
    compatible = _COMPATIBLE.fullmatch(value)
    if kind == "Firmware" and compatible:
        return compatible[1] in board.compatible
    if kind == "Firmware" and not _FIRMWARE.fullmatch(value):
        return False
    if kind == "Firmware" and value == "device-tree":
        return True
    if kind == "Architecture":
        return value in {"arm64", "native"}
    if kind.startswith("Path") and re.search(r"rknpu|rknn|npu@|/accel|fdab0000|rocket", value):
        return None if board.is_rk3588 else False
    return None


@CONFIGURATION_CHECKS.check(
    "units.conditions-are-readable",
    stage="units",
    title="systemd can read every condition",
    remedy="ConditionFirmware takes device-tree-compatible(rockchip,rk3588), ConditionArchitecture arm64, "
    "ConditionPathExists an absolute path (systemd.unit(5)).",
    stacks=ALL_STACKS,
    boards=("rk3588", "other"),
)
def readable(facts: Facts) -> Answer:
    """A value systemd cannot read makes the condition fail everywhere, or drops it."""
    wrong = []
    asked = 0
    for name, unit in part(facts).units.items():
        for key, value, _, _ in conditions(unit):
            asked += 1
            why = _unreadable(key, value)
            if why:
                wrong.append(Evidence(f"{name} {key}", f"{value}: {why}"))
    if wrong:
        return failed("the condition does not ask what it is meant to ask", *wrong)
    return passed(f"{asked} conditions") if asked else skipped("the subject's units have no conditions")


def _unreadable(key: str, value: str) -> str | None:
    kind = re.sub("^(Condition|Assert)", "", key)
    if kind == "Firmware" and not _FIRMWARE.fullmatch(value):
        return "not one of uefi, device-tree, device-tree-compatible(…), smbios-field(…)"
    compatible = _COMPATIBLE.fullmatch(value)
    if kind == "Firmware" and compatible and "," not in compatible[1]:
        return "a compatible string has a vendor: rockchip,rk3588"
    if kind == "Architecture" and value not in _ARCHITECTURES:
        return "not an architecture systemd knows; AArch64 is arm64"
    if (kind.startswith("Path") or kind in {"DirectoryNotEmpty", "FileNotEmpty", "FileIsExecutable"}) and not (
        value.startswith(("/", "%"))
    ):
        return "the path is not absolute"
    return None


_NPU_WORK = re.compile(r"modprobe|insmod|\bln\s|librknn|/dev/(rknpu|accel|dri)")


_NODES = {"vendor": "/dev/rknpu", "mainline": "/dev/accel/accel0"}


def _opens(unit: Unit) -> bool:
    """Whether a service is let in to the NPU by name or group."""
    service = unit.sections.get("Service", {})
    words = [
        word
        for key in ("DeviceAllow", "SupplementaryGroups")
        for value in service.get(key, ())
        for word in value.split()
    ]
    return any(re.match(r"/dev/(?:rknpu|accel)|render$", word) for word in words)


def _shut_by_its_own_node(unit: Unit, asked: list[tuple[str, str, bool, bool]], stack: str) -> bool:
    """Whether a service that opens the stack's node starts only where that node is missing."""
    negated = any(value == _NODES.get(stack) and key.endswith("PathExists") and no for key, value, no, _ in asked)
    return negated and _all_required(asked) and _opens(unit)


def _all_required(asked: list[tuple[str, str, bool, bool]]) -> bool:
    return not any(triggering for _, _, _, triggering in asked)


@CONFIGURATION_CHECKS.check(
    "guard.units-start-on-the-board",
    stage="guard",
    title="conditions let the units start on every board of the scenario",
    remedy="Use the strings of /proc/device-tree/compatible: |device-tree-compatible(rockchip,rk3588) and "
    "|device-tree-compatible(rockchip,rk3588s).",
)
def units_start(facts: Facts) -> Answer:
    """A condition that never holds keeps the NPU off on the very boards it is for, and looks like success."""
    boards = [board for board in facts.scenario.identities() if board.is_rk3588]
    wrong = []
    for name, unit in part(facts).units.items():
        asked = list(conditions(unit))
        shut = [board.name for board in boards if starts_on(unit, board) is False]
        if not shut and any(exists(facts, value) is False and not negated for _, value, negated, _ in asked):
            shut = [board.name for board in boards if _all_required(asked)]
        if not shut and _shut_by_its_own_node(unit, asked, facts.scenario.stack):
            shut = [board.name for board in boards]
        # A unit that asks for the opposite on purpose only says why the NPU stays off.
        meant = not any(negated for _, _, negated, _ in asked) or _NPU_WORK.search(text_of(unit)) or _opens(unit)
        if shut and meant:
            texts = "; ".join(f"{key}={'!' if negated else ''}{value}" for key, value, negated, _ in asked)
            wrong.append(Evidence(name, f"{texts}\n    never true on {', '.join(shut)}"))
    if wrong:
        return failed("the unit is skipped on a board it is meant for", *wrong)
    return passed(f"on {', '.join(board.name for board in boards)} nothing is kept from starting")
