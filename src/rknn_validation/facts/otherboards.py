"""What a configuration does to a board without an RK3588 NPU."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from rknn_validation.facts.contribution import Contribution, contribution
from rknn_validation.facts.kernel.modules import forced_modules, initrd_modules, modules_loaded_by, own_module_packages
from rknn_validation.facts.kernel.source import Origin, kernel_source
from rknn_validation.facts.library.packages import STORE_PATH, is_runtime, is_toolkit
from rknn_validation.facts.model import Facts
from rknn_validation.facts.nix.configuration import Configuration, Package, Unit
from rknn_validation.facts.text.units import commands_text, last, starts_on
from rknn_validation.npu import kernels
from rknn_validation.npu.about import about_npu, names_this_npu
from rknn_validation.npu.boards import FOREIGN, Board

# /dev/accel is any accelerator's: on another machine only what is Rockchip's says something.
_ANY_ACCELERATOR = re.compile(r"/dev/accel\S*|\baccel\b")


@dataclass(frozen=True)
class Support:
    """A piece of NPU support: `where` it is, `what` it is (a noun), and the text itself."""

    where: str
    what: str
    seen: str


def npu_support(facts: Facts, board: Board) -> Iterator[Support]:
    """Everything of NPU support that the subject puts on a board without this NPU."""
    ours = contribution(facts)
    yield from _drivers(facts)
    for package in ours.packages:
        if is_runtime(package) or is_toolkit(package):
            yield Support("packages", "the NPU's library", package.name)
    yield from _settings(ours)
    known = facts.without.device_tree.overlays
    for overlay in facts.configuration.device_tree.overlays:
        if overlay not in known and _is_ours(f"{overlay.name} {overlay.text or overlay.file or ''}"):
            yield Support("hardware.deviceTree.overlays", "a device-tree overlay of the NPU", overlay.name)
    for name, unit in ours.units.items():
        if unit.enabled and _runs(unit) and _is_ours(_text(name, unit)) and starts_on(unit, board) is not False:
            yield Support(name, "a unit that uses the NPU", " ".join(_text("", unit).split())[:200])


def _drivers(facts: Facts) -> Iterator[Support]:
    for one in dict.fromkeys((*forced_modules(facts), *initrd_modules(facts))):
        if one.module in kernels.MODULES:
            yield Support(one.where, "the NPU's driver", one.module)
    for package in own_module_packages(facts):
        if kernels.names_an_npu_module(package.name):
            yield Support("boot.extraModulePackages", "the NPU's driver", package.name)


def _settings(ours: Contribution) -> Iterator[Support]:
    for rules in ours.rules:
        for line in (rules.text or "").splitlines():
            if not line.lstrip().startswith("#") and _is_ours(line):
                yield Support(rules.name, "a udev rule of the NPU", line.strip())
    for option, variables in (("environment", ours.variables), ("environment", ours.session_variables)):
        for name, value in variables.items():
            if _is_ours(f"{name} {value}"):
                yield Support(f"{option} variable {name}", "a variable of the NPU", value)
    for line in ours.tmpfiles:
        if _is_ours(line):
            yield Support("systemd.tmpfiles.rules", "a link or file of the NPU", line)
    for where, text in ours.root_scripts.items():
        if _is_ours(text):
            yield Support(where, "a script of the NPU", "")


def _is_ours(text: str) -> bool:
    return names_this_npu(_ANY_ACCELERATOR.sub(" ", text))


def _runs(unit: Unit) -> bool:
    return bool(unit.wanted_by or unit.required_by) or not unit.name.endswith(".service")


def _text(name: str, unit: Unit) -> str:
    values = (value for section in unit.sections.values() for each in section.values() for value in each)
    return "\n".join((name, unit.script, *values, *(f"{key}={value}" for key, value in unit.environment.items())))


# Scripts that first look for the board or its NPU, or ignore a failure.
_LOOKS_FIRST = re.compile(r"device-tree|devicetree|\[\s+!?\s*-[ecrdf]\s+/(dev|sys|proc)|\|\|\s*(true|:|exit 0)")
_REFUSES = re.compile(r"/bin/(?:grep|test|\[)\b.*(?:device-?tree|/proc/|/sys/|/dev/)")


@dataclass(frozen=True)
class Harm:
    """Something that goes wrong on such a board: `where` it is written, and `what` happens."""

    where: str
    what: str


def perturbed(facts: Facts, perturbation: str, baseline: str = "") -> Facts:
    """The facts with a perturbation in place of what is judged; with `baseline`, with that beside it."""
    beside = facts.perturbations[baseline] if baseline else facts.baseline
    return replace(facts, evaluation=facts.perturbations[perturbation], baseline=beside, perturbations={})


def why_refused(there: Facts) -> str:
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
    for one in (one for one in forced_modules(there) if about_npu(one.module)):
        yield Harm(
            one.where, f"{one.module} is loaded on every board: systemd-modules-load fails where the kernel lacks it"
        )
    kernel, known = after.kernel, before.kernel
    # Any mainline kernel supports these boards; Rockchip's own supports only Rockchip's.
    if (kernel.pname, kernel.version) != (known.pname, known.version) and kernel_source(there).origin is Origin.VENDOR:
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
            yield Harm(where, "loads the driver on every board")


def _may_fail(unit: Unit, board: Board) -> str | None:
    starts = starts_on(unit, board)
    if starts is False or unit.sections.get("Service", {}).get("ExecCondition"):
        return None
    if not (unit.wanted_by or unit.required_by):
        return None
    for value in unit.sections.get("Service", {}).get("ExecStartPre", ()):
        if not value.startswith("-") and _REFUSES.search(value) and starts is True:
            return "its ExecStartPre fails where the board is another: a failed unit (ExecCondition would skip it)"
    if _LOOKS_FIRST.search(commands_text(unit)):
        return None
    if _loads(commands_text(unit)) and not _ignores_failure(unit):
        return "loads the driver without a condition on the board: the unit fails where the kernel lacks it"
    if last(unit, "Type") != "oneshot" and starts is not None and about_npu(commands_text(unit)):
        return "uses the NPU without a condition on the board: the unit fails where there is no NPU"
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
    return any(True for _ in modules_loaded_by(text)) and not _LOOKS_FIRST.search(text)


def _ignores_failure(unit: Unit) -> bool:
    return all(value.startswith("-") for value in unit.sections.get("Service", {}).get("ExecStart", ()))


def aarch64_packages(there: Facts) -> Iterator[Package]:
    """The runtimes, toolkits and drivers that the subject adds to a machine."""
    after, before = there.configuration, there.without
    # A driver is compiled for whatever kernel there is, and not loaded without its device.
    known = {package.out_path for package in (*before.packages(), *after.kernel.extra_packages)}
    for package in after.packages():
        if package.out_path not in known and (is_runtime(package) or is_toolkit(package) or "rknpu" in package.name):
            yield package


def library_paths(after: Configuration, before: Configuration) -> Iterator[str]:
    """Values of LD_LIBRARY_PATH with store paths that the subject sets."""
    value = after.variables.get("LD_LIBRARY_PATH", "")
    if before.variables.get("LD_LIBRARY_PATH") != value and STORE_PATH.search(value):
        yield value
