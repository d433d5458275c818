"""Where the loader is told to search: every value the subject gives LD_LIBRARY_PATH."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rknn_validation.facts.difference import part
from rknn_validation.facts.model import Facts
from rknn_validation.facts.text import shell
from rknn_validation.nix.configuration import Unit
from rknn_validation.npu.stacks import LD_LIBRARY_PATH


@dataclass(frozen=True)
class Setting:
    """A value of LD_LIBRARY_PATH: which option or unit, as written, and whether a shell expands it."""

    where: str
    value: str
    expanded: bool

    def elements(self) -> list[str]:
        """The path's elements in a process that starts without the variable."""
        known = {LD_LIBRARY_PATH: "", "HOME": "/home/user", "USER": "user"} if self.expanded else {}
        return shell.elements(self.value, known)


def path_settings(facts: Facts) -> tuple[Setting, ...]:
    """Every value the subject gives LD_LIBRARY_PATH."""
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
        found += [Setting(f"{name} (environment)", value, False) for value in unit_values(unit)]
        found += [Setting(f"{name} (script)", value, True) for value, _ in shell.exports(unit.script, LD_LIBRARY_PATH)]
    return tuple(found)


def unit_values(unit: Unit) -> Iterator[str]:
    """What a unit's own environment gives LD_LIBRARY_PATH."""
    if LD_LIBRARY_PATH in unit.environment:
        yield unit.environment[LD_LIBRARY_PATH]
    for value in unit.sections.get("Service", {}).get("Environment", ()):
        for assignment in re.findall(r"\"?(\w+=[^\s\"]*)\"?", value):
            name, _, text = assignment.partition("=")
            if name == LD_LIBRARY_PATH:
                yield text
