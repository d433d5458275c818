"""What of RK3588 NPU support a configuration has, whatever board it is for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rknn_validation.facts.difference import Part, part
from rknn_validation.facts.kernel.loading import forced, in_initrd
from rknn_validation.facts.kernel.modules import own_packages
from rknn_validation.facts.library.packages import is_runtime, is_toolkit
from rknn_validation.facts.model import Facts
from rknn_validation.facts.nix.configuration import Unit
from rknn_validation.facts.text.conditions import starts_on
from rknn_validation.npu import kernels
from rknn_validation.npu.about import names_this_npu
from rknn_validation.npu.boards import Board

# /dev/accel is any accelerator's: on another machine only what is Rockchip's says something.
_ANY_ACCELERATOR = re.compile(r"/dev/accel\S*|\baccel\b")


@dataclass(frozen=True)
class Reaching:
    """A piece of NPU support: `where` it is, `what` it is (a noun), and the text itself."""

    where: str
    what: str
    seen: str


def reaching(facts: Facts, board: Board) -> Iterator[Reaching]:
    """Everything of NPU support that the subject puts on a board without this NPU."""
    ours = part(facts)
    yield from _drivers(facts)
    for package in ours.packages:
        if is_runtime(package) or is_toolkit(package):
            yield Reaching("packages", "the NPU's library", package.name)
    yield from _settings(ours)
    known = facts.without.device_tree.overlays
    for overlay in facts.configuration.device_tree.overlays:
        if overlay not in known and _is_ours(f"{overlay.name} {overlay.text or overlay.file or ''}"):
            yield Reaching("hardware.deviceTree.overlays", "a device-tree overlay of the NPU", overlay.name)
    for name, unit in ours.units.items():
        if unit.enabled and _runs(unit) and _is_ours(_text(name, unit)) and starts_on(unit, board) is not False:
            yield Reaching(name, "a unit that uses the NPU", " ".join(_text("", unit).split())[:200])


def _drivers(facts: Facts) -> Iterator[Reaching]:
    for one in dict.fromkeys((*forced(facts), *in_initrd(facts))):
        if one.module in kernels.MODULES:
            yield Reaching(one.where, "the NPU's driver", one.module)
    for package in own_packages(facts):
        if kernels.names_an_npu_module(package.name):
            yield Reaching("boot.extraModulePackages", "the NPU's driver", package.name)


def _settings(ours: Part) -> Iterator[Reaching]:
    for rules in ours.rules:
        for line in (rules.text or "").splitlines():
            if not line.lstrip().startswith("#") and _is_ours(line):
                yield Reaching(rules.name, "a udev rule of the NPU", line.strip())
    for option, variables in (("environment", ours.variables), ("environment", ours.session_variables)):
        for name, value in variables.items():
            if _is_ours(f"{name} {value}"):
                yield Reaching(f"{option} variable {name}", "a variable of the NPU", value)
    for line in ours.tmpfiles:
        if _is_ours(line):
            yield Reaching("systemd.tmpfiles.rules", "a link or file of the NPU", line)
    for where, text in ours.root_scripts.items():
        if _is_ours(text):
            yield Reaching(where, "a script of the NPU", "")


def _is_ours(text: str) -> bool:
    return names_this_npu(_ANY_ACCELERATOR.sub(" ", text))


def _runs(unit: Unit) -> bool:
    return bool(unit.wanted_by or unit.required_by) or not unit.name.endswith(".service")


def _text(name: str, unit: Unit) -> str:
    values = (value for section in unit.sections.values() for each in section.values() for value in each)
    return "\n".join((name, unit.script, *values, *(f"{key}={value}" for key, value in unit.environment.items())))
