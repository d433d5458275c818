"""The mainline stack's library: Mesa's Teflon, new enough and where programs look."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rknn_validation.checks.configuration.registry import CONFIGURATION_CHECKS
from rknn_validation.checks.configuration.units import commands
from rknn_validation.checks.model import Answer, Evidence, failed, passed, skipped
from rknn_validation.facts.difference import part
from rknn_validation.facts.library.search import path_settings
from rknn_validation.facts.model import Facts
from rknn_validation.facts.text.nixtext import subject_files
from rknn_validation.nix.configuration import Package
from rknn_validation.npu import kernels

_FHS_TEFLON = re.compile(
    r"(?<![\w.-])/(?:usr/)?(?:local/)?lib(?:64|/aarch64-linux-gnu)?/libteflon\.so"
    # Next to the one place NixOS has Mesa's libraries.
    r"|/run/(?!opengl-driver/lib/)(?:opengl|graphics|current-system/opengl)[\w-]*/(?:\w+/)*libteflon\.so"
)
TEFLON_SINCE = "25.3"
"""The first Mesa whose Teflon drives rocket."""


def _is_mesa(package: Package) -> bool:
    return bool(re.fullmatch(r"mesa|mesa[-_](teflon|git|npu|rocket)|teflon", package.pname or package.name))


@CONFIGURATION_CHECKS.check(
    "library.mesa-has-teflon-for-rocket",
    stage="library",
    title="Mesa is new enough to drive rocket",
    remedy=f"Use Mesa {TEFLON_SINCE} or later.",
    stacks=("mainline",),
)
def mesa_new_enough(facts: Facts) -> Answer:
    """`Couldn't open kernel device`: an older Teflon knows other NPUs only."""
    carried = [inner for one in facts.configuration.graphics_packages for inner in one.walk()]
    used = [package for package in (*carried, *part(facts).packages) if _is_mesa(package) and package.version]
    if not used or not (facts.configuration.graphics_enabled or any(one in part(facts).packages for one in used)):
        return skipped("the subject does not bring Mesa")
    old = [one for one in used if not kernels.at_least(one.version or "", TEFLON_SINCE)]
    if old:
        shown = (Evidence(one.name, f"version {one.version}") for one in old)
        return failed(f"Teflon drives rocket since Mesa {TEFLON_SINCE}", *shown)
    return passed(", ".join(sorted({f"{one.pname} {one.version}" for one in used})))


def _named_elsewhere(facts: Facts) -> Iterator[tuple[str, str]]:
    """(where, value) of settings that name the library at a path only other distributions have."""
    ours = part(facts)
    if any(_FHS_TEFLON.search(line) for line in (*ours.tmpfiles, *ours.activation_scripts.values())):
        return
    for option, values in (("variables", ours.variables), ("sessionVariables", ours.session_variables)):
        yield from ((f"environment.{option}.{key}", one) for key, one in values.items() if _FHS_TEFLON.search(one))
    for name, unit in ours.units.items():
        yield from ((f"{name} ({key})", one) for key, one in unit.environment.items() if _FHS_TEFLON.search(one))
        yield from ((f"{name} {key}", line) for key, line in commands(unit) if _FHS_TEFLON.search(line))


@CONFIGURATION_CHECKS.check(
    "library.teflon-is-where-programs-look",
    stage="library",
    title="programs find libteflon.so",
    remedy="Set hardware.graphics.enable = true: Mesa's libraries, Teflon too, are then in /run/opengl-driver/lib.",
    stacks=("mainline",),
)
def teflon_is_found(facts: Facts) -> Answer:
    """A library in a profile is found by no program; NixOS's place for Mesa is /run/opengl-driver/lib."""
    lost = [Evidence(where, value) for where, value in _named_elsewhere(facts)]
    if lost:
        return failed("libteflon.so is named where NixOS has no libraries", *lost)
    installed = [one for one in facts.configuration.system_packages if _is_mesa(one) and one in part(facts).packages]
    told = [one for one in path_settings(facts) if re.search(r"mesa|teflon|opengl-driver", one.value)]
    if facts.configuration.graphics_enabled:
        return passed("hardware.graphics.enable is true: /run/opengl-driver/lib has it")
    if told:
        named = [one for one in told if "/run/opengl-driver" in one.value and not re.search("mesa|teflon", one.value)]
        if named:
            shown = (Evidence(one.where, one.value) for one in named)
            return failed("/run/opengl-driver/lib is empty while hardware.graphics.enable is false", *shown)
        return passed("the path names it", *(Evidence(one.where, one.value) for one in told))
    touched = [
        place for file in subject_files(facts.subject) for place in file.find(r"\bhardware\.(graphics|opengl)\b")
    ]
    if touched:
        return failed("hardware.graphics is set up and left off: /run/opengl-driver is empty", Evidence(*touched[0]))
    if installed:
        shown = (Evidence("environment.systemPackages", one.name) for one in installed)
        return failed("Mesa is installed where no program looks for its libraries", *shown)
    return skipped("the subject does not bring Mesa")
