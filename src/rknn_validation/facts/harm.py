"""What a configuration does to a board that has no such NPU."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from rknn_validation.facts.kernel.loading import forced, modprobed
from rknn_validation.facts.kernel.source import Origin, tree
from rknn_validation.facts.library.packages import STORE_PATH, is_runtime, is_toolkit
from rknn_validation.facts.model import Facts
from rknn_validation.facts.nix.configuration import Configuration, Package, Unit
from rknn_validation.facts.text.conditions import starts_on
from rknn_validation.facts.text.unitfile import last, text_of
from rknn_validation.npu.about import about_npu
from rknn_validation.npu.boards import FOREIGN, Board

# Somebody who looks for the board, its NPU or a failure before he does anything.
_LOOKS_FIRST = re.compile(r"device-tree|devicetree|\[\s+!?\s*-[ecrdf]\s+/(dev|sys|proc)|\|\|\s*(true|:|exit 0)")
_REFUSES = re.compile(r"/bin/(?:grep|test|\[)\b.*(?:device-?tree|/proc/|/sys/|/dev/)")


@dataclass(frozen=True)
class Harm:
    """Something that goes wrong on such a board: `where` it is written, and `what` happens."""

    where: str
    what: str


def seen_as(facts: Facts, perturbation: str, baseline: str = "") -> Facts:
    """The facts with a perturbation in place of what is judged; with `baseline`, with that beside it."""
    beside = facts.perturbations[baseline] if baseline else facts.baseline
    return replace(facts, evaluation=facts.perturbations[perturbation], baseline=beside, perturbations={})


def refusal(there: Facts) -> str:
    """Why a configuration would be refused, "" where it would not."""
    evaluation, before = there.evaluation, there.without
    if evaluation.configuration is None:
        return evaluation.error.message if evaluation.error else "no configuration"
    known = {one.message for one in before.assertions if not one.holds}
    for one in evaluation.configuration.assertions:
        if not one.holds and one.message not in known:
            return one.message or "an assertion without a message"
    known = {one.message for one in before.failures}
    failures = (one for one in evaluation.configuration.failures if one.message not in known)
    first = next(failures, None)
    return first.message if first and first.kind == "subject" else ""


def harms(there: Facts, board: Board) -> Iterator[Harm]:
    """What the configuration does to a board that has no such NPU."""
    after, before = there.configuration, there.without
    for one in (one for one in forced(there) if about_npu(one.module)):
        yield Harm(one.where, f"{one.module} is forced: systemd-modules-load fails where the kernel has none")
    kernel, known = after.kernel, before.kernel
    # Another mainline kernel drives any of these boards; Rockchip's own drives Rockchip's.
    if (kernel.pname, kernel.version) != (known.pname, known.version) and tree(there).origin is Origin.VENDOR:
        yield Harm("boot.kernelPackages", f"{kernel.pname} {kernel.version} replaces the board's own kernel")
    name, usual = after.device_tree.name, before.device_tree.name
    # Where the scenario names a tree, this board's name is there in its place.
    if name and usual and name not in (usual, board.dtb, FOREIGN.dtb):
        yield Harm("hardware.deviceTree.name", f"{name} replaces the board's own")
    for name, unit in after.units.items():
        if name not in before.units and name.endswith(".service") and unit.enabled:
            why = _may_fail(unit, board) or _lacks_what_it_requires(unit, after.units, board)
            if why:
                yield Harm(name, why)
    for where, text in after.root_scripts.items():
        if before.root_scripts.get(where) != text and _loads(text):
            yield Harm(where, "loads the driver whatever the board")


def _may_fail(unit: Unit, board: Board) -> str | None:
    starts = starts_on(unit, board)
    if starts is False or unit.sections.get("Service", {}).get("ExecCondition"):
        return None
    if not (unit.wanted_by or unit.required_by):
        return None
    for value in unit.sections.get("Service", {}).get("ExecStartPre", ()):
        if not value.startswith("-") and _REFUSES.search(value) and starts is True:
            return "its ExecStartPre fails where the board is another: a failed unit (ExecCondition would skip it)"
    if _LOOKS_FIRST.search(text_of(unit)):
        return None
    if _loads(text_of(unit)) and not _ignores_failure(unit):
        return "loads the driver without a condition on the board: a failed unit where the kernel has none"
    if last(unit, "Type") != "oneshot" and starts is not None and about_npu(text_of(unit)):
        return "uses the NPU without a condition on the board: a failed unit where there is none"
    return None


def _lacks_what_it_requires(unit: Unit, units: Mapping[str, Unit], board: Board) -> str | None:
    """A unit that is skipped is no failure: what requires it starts without it."""
    if (
        not (unit.wanted_by or unit.required_by)
        or starts_on(unit, board) is not True
        or last(unit, "Type") == "oneshot"
    ):
        return None
    names = [word for value in unit.sections.get("Unit", {}).get("Requires", ()) for word in value.split()]
    skipped = [name for name in names if name in units and starts_on(units[name], board) is False]
    return f"starts there although {skipped[0]}, which it requires, is skipped" if skipped else None


def _loads(text: str) -> bool:
    return any(True for _ in modprobed(text)) and not _LOOKS_FIRST.search(text)


def _ignores_failure(unit: Unit) -> bool:
    return all(value.startswith("-") for value in unit.sections.get("Service", {}).get("ExecStart", ()))


def machine_code(there: Facts) -> Iterator[Package]:
    """The runtimes, toolkits and drivers that the subject adds to a machine."""
    after, before = there.configuration, there.without
    # A driver is compiled for the kernel at hand, whatever that is, and loaded by nobody where it has no device.
    known = {package.out_path for package in (*before.packages(), *after.kernel.extra_packages)}
    for package in after.packages():
        if package.out_path not in known and (is_runtime(package) or is_toolkit(package) or "rknpu" in package.name):
            yield package


def library_paths(after: Configuration, before: Configuration) -> Iterator[str]:
    """Values of LD_LIBRARY_PATH with store paths that the subject sets."""
    value = after.variables.get("LD_LIBRARY_PATH", "")
    if before.variables.get("LD_LIBRARY_PATH") != value and STORE_PATH.search(value):
        yield value
