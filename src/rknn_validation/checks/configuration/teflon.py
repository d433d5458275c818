"""The mainline stack's library: Mesa's Teflon, new enough and where programs look."""

from __future__ import annotations

from collections.abc import Iterator

from rknn_validation.checks.configuration.registry import check
from rknn_validation.checks.findings import Finding, Fine, Problem
from rknn_validation.facts.difference import part
from rknn_validation.facts.library.packages import is_mesa
from rknn_validation.facts.library.teflon import graphics_touched, named_elsewhere, told
from rknn_validation.facts.model import Facts
from rknn_validation.npu import kernels

TEFLON_SINCE = "25.3"
"""The first Mesa whose Teflon drives rocket."""
NO_MESA = "the subject does not bring Mesa"


@check(
    "library.mesa-has-teflon-for-rocket",
    stage="library",
    title="Mesa is new enough to drive rocket",
    remedy=f"Use Mesa {TEFLON_SINCE} or later.",
    nothing=NO_MESA,
    stacks=("mainline",),
)
def mesa_new_enough(facts: Facts) -> Iterator[Finding]:
    """`Couldn't open kernel device`: an older Teflon knows other NPUs only."""
    carried = [inner for one in facts.configuration.graphics_packages for inner in one.walk()]
    ours = part(facts).packages
    used = [package for package in (*carried, *ours) if is_mesa(package) and package.version]
    if not (facts.configuration.graphics_enabled or any(one in ours for one in used)):
        return
    for one in used:
        if kernels.at_least(one.version or "", TEFLON_SINCE):
            yield Fine(f"{one.pname} {one.version}")
        else:
            yield Problem(one.name, f"Teflon drives rocket since Mesa {TEFLON_SINCE}", f"version {one.version}")


@check(
    "library.teflon-is-where-programs-look",
    stage="library",
    title="programs find libteflon.so",
    remedy="Set hardware.graphics.enable = true: Mesa's libraries, Teflon too, are then in /run/opengl-driver/lib.",
    nothing=NO_MESA,
    stacks=("mainline",),
)
def teflon_is_found(facts: Facts) -> Iterator[Finding]:
    """A library in a profile is found by no program; NixOS's place for Mesa is /run/opengl-driver/lib."""
    lost = list(named_elsewhere(facts))
    for where, value in lost:
        yield Problem(where, "libteflon.so is named where NixOS has no libraries", value)
    if lost:
        return
    if facts.configuration.graphics_enabled:
        yield Fine("hardware.graphics.enable is true", "/run/opengl-driver/lib has it")
        return
    ways = told(facts)
    for one in ways:
        if one.only_drivers:
            what = "/run/opengl-driver/lib is empty while hardware.graphics.enable is false"
            yield Problem(one.where, what, one.value)
        else:
            yield Fine(one.where, one.value)
    if ways:
        return
    for where, line in graphics_touched(facts):
        yield Problem(where, "hardware.graphics is set up and left off: /run/opengl-driver is empty", line)
    for package in facts.configuration.system_packages:
        if is_mesa(package) and package in part(facts).packages:
            what = "Mesa is installed where no program looks for its libraries"
            yield Problem("environment.systemPackages", what, package.name)
