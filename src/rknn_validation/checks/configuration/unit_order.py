"""Can systemd bring the units into an order?"""

from __future__ import annotations

from rknn_validation.checks.configuration.registry import ALL_STACKS, CONFIGURATION_CHECKS
from rknn_validation.checks.model import Answer, Evidence, failed, passed
from rknn_validation.facts.difference import part
from rknn_validation.facts.model import Facts


@CONFIGURATION_CHECKS.check(
    "units.order-has-no-cycle",
    stage="units",
    title="the units' order has no cycle",
    remedy="Remove one of the orderings; systemd drops a unit of its choice otherwise.",
    stacks=ALL_STACKS,
    boards=("rk3588", "other"),
)
def no_cycle(facts: Facts) -> Answer:
    """`Found ordering cycle … Job … deleted to break ordering cycle`."""
    edges: dict[str, set[str]] = {}
    for name, unit in part(facts).units.items():
        section = unit.sections.get("Unit", {})
        for key, later in (("After", True), ("Before", False)):
            for other in (word for value in section.get(key, ()) for word in value.split()):
                first, second = (other, name) if later else (name, other)
                edges.setdefault(first, set()).add(second)
    for start in edges:
        path = _way(edges, start, start, ())
        if path:
            return failed("systemd drops a unit to break the cycle", Evidence("order", " -> ".join(path)))
    return passed("no cycle among the subject's units")


def _way(edges: dict[str, set[str]], at: str, goal: str, seen: tuple[str, ...]) -> tuple[str, ...] | None:
    for following in sorted(edges.get(at, ())):
        if following == goal:
            return (*seen, at, goal)
        if following not in seen and following != at:
            found = _way(edges, following, goal, (*seen, at))
            if found:
                return found
    return None
