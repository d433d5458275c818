"""Do units and their scripts speak of devnodes that will be there?"""

from __future__ import annotations

from collections.abc import Iterator

from rknn_validation.checks.configuration.registry import check
from rknn_validation.checks.findings import Fine, Problem
from rknn_validation.facts.devnodes import devnodes, exists
from rknn_validation.facts.model import Facts
from rknn_validation.facts.services import named_devnodes, services


@check(
    "units.devnodes-exist",
    stage="units",
    title="the devnodes that services for the NPU speak of will be there",
    remedy="Name what the driver makes: /dev/rknpu or the card below /dev/dri (vendor), /dev/accel/accel0 (mainline).",
    nothing="no service for the NPU names a devnode",
)
def devnodes_exist(facts: Facts) -> Iterator[Problem | Fine]:
    """A program that is given another path fails, and a script that waits for it waits for ever."""
    for name, unit in services(facts).items():
        named = named_devnodes(unit)
        absent = [path for path in named if exists(facts, path) is False]
        # Who tries one name after the other finds the right one.
        if absent and len(absent) == len(named):
            made = ", ".join(sorted({one.path for one in devnodes(facts)}))
            what = f"there will be no {', '.join(absent)}: the driver makes {made}"
            yield Problem(name, what, "\n".join(f"{path}: {text}" for path, text in named.items()))
        elif named:
            yield Fine(name, ", ".join(named))
