"""Where the subject says Mesa's Teflon is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rknn_validation.facts.difference import part
from rknn_validation.facts.library.search import path_settings
from rknn_validation.facts.model import Facts
from rknn_validation.facts.nix.configuration import Unit
from rknn_validation.facts.recipes.nixtrees import naming, trees_of

TEFLON = "libteflon.so"
_ELSEWHERE = re.compile(
    r"(?<![\w.-])/(?:usr/)?(?:local/)?lib(?:64|/aarch64-linux-gnu)?/libteflon\.so"
    # Next to the one place NixOS has Mesa's libraries.
    r"|/run/(?!opengl-driver/lib/)(?:opengl|graphics|current-system/opengl)[\w-]*/(?:\w+/)*libteflon\.so"
)


@dataclass(frozen=True)
class Told:
    """A setting that leads programs to Mesa's libraries; `only_drivers` where by /run/opengl-driver alone."""

    where: str
    value: str
    only_drivers: bool


def told(facts: Facts) -> tuple[Told, ...]:
    """The settings that lead programs to Mesa: search paths, and units that name the library itself."""
    found = [(one.where, one.value) for one in path_settings(facts)]
    for name, unit in part(facts).units.items():
        found += [(name, line) for line in _lines(unit) if TEFLON in line]
    found += [(f"environment.variables.{key}", one) for key, one in part(facts).variables.items() if TEFLON in one]
    about = [(where, value) for where, value in found if re.search(r"mesa|teflon|opengl-driver", value)]
    return tuple(dict.fromkeys(Told(where, value, _only_drivers(value)) for where, value in about))


def _only_drivers(value: str) -> bool:
    return "/run/opengl-driver" in value and not re.search(r"/nix/store/\S*(?:mesa|teflon)", value)


def named_elsewhere(facts: Facts) -> Iterator[tuple[str, str]]:
    """(where, value) of settings that name the library at a path only other distributions have."""
    ours = part(facts)
    if any(_ELSEWHERE.search(line) for line in (*ours.tmpfiles, *ours.root_scripts.values())):
        return
    for option, values in (("variables", ours.variables), ("sessionVariables", ours.session_variables)):
        yield from ((f"environment.{option}.{key}", one) for key, one in values.items() if _ELSEWHERE.search(one))
    for name, unit in ours.units.items():
        yield from ((name, line) for line in _lines(unit) if _ELSEWHERE.search(line))


def _lines(unit: Unit) -> Iterator[str]:
    yield from unit.environment.values()
    service = unit.sections.get("Service", {})
    yield from (line for key, values in service.items() for one in values for line in one.splitlines() if key != "Type")
    yield from unit.script.splitlines()


def graphics_touched(facts: Facts) -> tuple[tuple[str, str], ...]:
    """(`file:line`, option) of the first place where the subject's files set hardware.graphics up."""
    options = ("hardware.graphics", "hardware.opengl")
    found = (
        (tree.at(node), option)
        for tree in trees_of(facts)
        for option in options
        for node in naming(tree, *option.split("."))
    )
    return tuple(found)[:1]
