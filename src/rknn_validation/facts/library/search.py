"""Where the loader is told to search: every value the subject gives LD_LIBRARY_PATH."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rknn_validation.facts.difference import part
from rknn_validation.facts.model import Facts, derived
from rknn_validation.facts.nix.configuration import Unit
from rknn_validation.facts.text import shell
from rknn_validation.npu.about import about_npu
from rknn_validation.npu.stacks import LD_LIBRARY_PATH


@dataclass(frozen=True)
class Setting:
    """A value of LD_LIBRARY_PATH: which option or unit, as written, and whether a shell expands it.

    `unit` is whose it is, "" where shells or every unit get it.
    """

    where: str
    value: str
    expanded: bool
    unit: str = ""

    def elements(self) -> list[str]:
        """The path's elements in a process that starts without the variable."""
        known = {LD_LIBRARY_PATH: "", "HOME": "/home/user", "USER": "user"} if self.expanded else {}
        return shell.elements(self.value, known)


@derived
def path_settings(facts: Facts) -> tuple[Setting, ...]:
    """Every value the subject gives LD_LIBRARY_PATH; of a whole machine only what has to do with the NPU."""
    every = _settings(facts)
    if facts.subject.module is not None:
        return every
    units = facts.configuration.units
    return tuple(one for one in every if about_npu(one.value) or (one.unit and about_npu(words_of(units[one.unit]))))


def _settings(facts: Facts) -> tuple[Setting, ...]:
    ours = part(facts)
    found: list[Setting] = []
    if LD_LIBRARY_PATH in ours.variables:
        found.append(Setting(f"environment.variables.{LD_LIBRARY_PATH}", ours.variables[LD_LIBRARY_PATH], True))
    elif LD_LIBRARY_PATH in ours.session_variables:
        value = ours.session_variables[LD_LIBRARY_PATH]
        found.append(Setting(f"environment.sessionVariables.{LD_LIBRARY_PATH}", value, True))
    if LD_LIBRARY_PATH in ours.global_environment:
        value = ours.global_environment[LD_LIBRARY_PATH]
        found.append(Setting(f"systemd.globalEnvironment.{LD_LIBRARY_PATH}", value, False))
    for name, text in ours.shell_init.items():
        found += [Setting(name, value, True) for value, _ in shell.exports(text, LD_LIBRARY_PATH)]
    for name, unit in ours.units.items():
        found += _of_unit(name, unit)
    return tuple(found)


def _of_unit(name: str, unit: Unit) -> list[Setting]:
    given = [Setting(f"{name} (environment)", value, False, name) for value in unit_values(unit)]
    exported = shell.exports(unit.script, LD_LIBRARY_PATH)
    return given + [Setting(f"{name} (script)", value, True, name) for value, _ in exported]


def words_of(unit: Unit) -> str:
    """All that a unit says of itself: its name, its keys' values, its environment, what it runs."""
    values = (value for section in unit.sections.values() for one in section.values() for value in one)
    return "\n".join(
        (unit.name, *values, *unit.environment, *unit.environment.values(), unit.script, *unit.scripts.values())
    )


def unit_values(unit: Unit) -> Iterator[str]:
    """What a unit's own environment gives LD_LIBRARY_PATH."""
    if LD_LIBRARY_PATH in unit.environment:
        yield unit.environment[LD_LIBRARY_PATH]
    for value in unit.sections.get("Service", {}).get("Environment", ()):
        for assignment in re.findall(r"\"?(\w+=[^\s\"]*)\"?", value):
            name, _, text = assignment.partition("=")
            if name == LD_LIBRARY_PATH:
                yield text
