"""Can systemd bring the units into an order?"""

from __future__ import annotations

from collections.abc import Iterator

from rknn_validation.checks.configuration.registry import ALL_STACKS, check
from rknn_validation.checks.findings import Fine, Problem
from rknn_validation.facts.model import Facts
from rknn_validation.facts.npupart import npu_units
from rknn_validation.facts.text.unitfile import words


@check(
    "units.order-has-no-cycle",
    stage="units",
    title="the units' order has no cycle",
    remedy="Remove one of the orderings; systemd drops a unit of its choice otherwise.",
    nothing="the subject adds no unit for the NPU",
    stacks=ALL_STACKS,
    boards=("rk3588", "other"),
)
def no_cycle(facts: Facts) -> Iterator[Problem | Fine]:
    """`Found ordering cycle … Job … deleted to break ordering cycle`."""
    edges: dict[str, set[str]] = {}
    for name, unit in npu_units(facts).items():
        for other in words(unit, "After", "Unit"):
            edges.setdefault(other, set()).add(name)
        for other in words(unit, "Before", "Unit"):
            edges.setdefault(name, set()).add(other)
        yield Fine(name)
    for start in edges:
        path = _way(edges, start, start, ())
        if path:
            yield Problem("order", "systemd drops a unit to break the cycle", " -> ".join(path))
            return


def _way(edges: dict[str, set[str]], at: str, goal: str, seen: tuple[str, ...]) -> tuple[str, ...] | None:
    for following in sorted(edges.get(at, ())):
        if following == goal:
            return (*seen, at, goal)
        if following not in seen and following != at:
            found = _way(edges, following, goal, (*seen, at))
            if found:
                return found
    return None
