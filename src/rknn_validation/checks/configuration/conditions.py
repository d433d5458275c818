"""Conditions of units: are they readable, and do they hold where they should?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rknn_validation.checks.configuration.registry import ALL_STACKS, check
from rknn_validation.checks.findings import Finding, Fine, Problem
from rknn_validation.facts.devnodes import exists
from rknn_validation.facts.model import Facts
from rknn_validation.facts.nix.configuration import Unit
from rknn_validation.facts.npupart import npu_units
from rknn_validation.facts.text.conditions import Condition, conditions, starts_on
from rknn_validation.npu.stacks import STACKS


@check(
    "units.conditions-are-readable",
    stage="units",
    title="systemd can read every condition",
    remedy="ConditionFirmware takes device-tree-compatible(rockchip,rk3588), ConditionArchitecture arm64, "
    "ConditionPathExists an absolute path (systemd.unit(5)).",
    nothing="the subject's units have no conditions",
    stacks=ALL_STACKS,
    boards=("rk3588", "other"),
)
def readable(facts: Facts) -> Iterator[Finding]:
    """A value systemd cannot read makes the condition fail everywhere, or drops it."""
    for name, unit in npu_units(facts).items():
        for one in conditions(unit):
            if one.unreadable:
                yield Problem(f"{name} {one.key}", f"{one.value}: {one.unreadable}")
            else:
                yield Fine(f"{name} {one.key}", one.value)


@check(
    "guard.units-start-on-the-board",
    stage="guard",
    title="conditions let the units start on every board of the scenario",
    remedy="Use the strings of /proc/device-tree/compatible: |device-tree-compatible(rockchip,rk3588) and "
    "|device-tree-compatible(rockchip,rk3588s).",
    good="nothing is kept from starting",
    nothing="no unit of the subject has a condition",
)
def units_start(facts: Facts) -> Iterator[Finding]:
    """A condition that never holds keeps the NPU off on the very boards it is for, and looks like success."""
    for name, unit in npu_units(facts).items():
        asked = list(conditions(unit))
        if not asked:
            continue
        shut = _shut_on(facts, unit, asked)
        # A unit that asks for the opposite on purpose only says why the NPU stays off.
        meant = not any(one.negated for one in asked) or _works(unit) or _opens(unit)
        texts = "; ".join(f"{one.key}={'!' if one.negated else ''}{one.value}" for one in asked)
        if shut and meant:
            yield Problem(name, f"the unit is skipped on {', '.join(shut)}, which it is meant for", texts)
        else:
            yield Fine(name, texts)


def _shut_on(facts: Facts, unit: Unit, asked: list[Condition]) -> list[str]:
    """The RK3588 boards of the scenario on which the unit is never started."""
    boards = [board for board in facts.scenario.identities() if board.is_rk3588]
    shut = [board.name for board in boards if starts_on(unit, board) is False]
    all_required = not any(one.triggering for one in asked)
    missing = any(exists(facts, one.value) is False and not one.negated for one in asked)
    # A service that opens the stack's node starts only where that node is missing.
    node = STACKS[facts.scenario.stack].device
    against = any(one.value == node and one.kind == "PathExists" and one.negated for one in asked) and _opens(unit)
    return shut or ([board.name for board in boards] if all_required and (missing or against) else [])


def _texts(unit: Unit) -> list[str]:
    """What a service runs."""
    service = unit.sections.get("Service", {})
    return [unit.script, *(value for key, each in service.items() if key.startswith("Exec") for value in each)]


def _works(unit: Unit) -> bool:
    """Whether a unit does something for the NPU, and does not merely tell of it."""
    return any(re.search(r"modprobe|insmod|\bln\s|librknn|/dev/(rknpu|accel|dri)", text) for text in _texts(unit))


def _opens(unit: Unit) -> bool:
    """Whether a service is let in to the NPU by name or group."""
    service = unit.sections.get("Service", {})
    words = [
        word for key in ("DeviceAllow", "SupplementaryGroups") for one in service.get(key, ()) for word in one.split()
    ]
    return any(word == "render" or word.startswith(("/dev/rknpu", "/dev/accel")) for word in words)
