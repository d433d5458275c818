"""`rknn-validate --explain CHECK`: what a check asks, of whom, and what to do where it fails."""

from __future__ import annotations

import difflib
import inspect
import sys
import textwrap
from typing import Any

from rknn_validation.checks.configuration import CONFIGURATION_CHECKS
from rknn_validation.checks.formerly import FORMERLY
from rknn_validation.checks.model import Check
from rknn_validation.checks.node import HARDWARE_CHECKS, NODE_CHECKS
from rknn_validation.checks.node.transition import TRANSITION_CHECKS

WIDTH = 100
BOARDS = {"rk3588": "boards with an RK3588", "other": "other boards"}
UNIT, VM, HARDWARE = "unit", "vm", "hardware"
PAGES = {
    UNIT: "docs/defects.md (configurations that fail it), docs/report.md",
    VM: "docs/node-checks.md, docs/emulated-board.md",
    HARDWARE: "docs/node-checks.md, docs/run-on-my-nodes.md",
}
"""Where the documentation says more about the checks of a tier."""


def main(id: str) -> int:
    """Print it. Returns the command's exit status: 4 for a check that nobody knows."""
    known = {check.id: (tiers, check) for tiers, check in all_checks()}
    name = FORMERLY.get(id, id)
    if name not in known:
        near = difflib.get_close_matches(id, [*known, *FORMERLY], n=3, cutoff=0.5)
        near += [one for one in known if id and id in one and one not in near][:5]
        print(f"rknn-validate: there is no check {id}", file=sys.stderr)
        hint = f"did you mean {', '.join(dict.fromkeys(near))}?" if near else "a report names the checks it asked"
        print(f"  hint: {hint}", file=sys.stderr)
        return 4
    if name != id:
        print(f"{id} is now called {name}.\n")
    print(explained(*known[name]))
    return 0


def all_checks() -> list[tuple[tuple[str, ...], Check[Any]]]:
    """Every check, and the tiers that ask it."""
    registries = (
        ((UNIT,), CONFIGURATION_CHECKS.all()),
        ((VM, HARDWARE), NODE_CHECKS.all()),
        ((HARDWARE,), HARDWARE_CHECKS.all()),
        ((VM,), TRANSITION_CHECKS.all()),
    )
    return [(tiers, check) for tiers, checks in registries for check in checks]


def explained(tiers: tuple[str, ...], check: Check[Any]) -> str:
    """The lines about one check."""
    rows = {
        "tier": ", ".join(tiers),
        "stage": check.stage,
        "stacks": ", ".join(sorted(check.stacks)),
        "boards": ", ".join(words for name, words in BOARDS.items() if name in check.boards),
        "asks": inspect.getdoc(check.ask) or "",
        "remedy": check.remedy,
        "more": "; ".join(PAGES[tier] for tier in tiers[:1]),
    }
    lines = [check.id, f"  {check.title}", ""]
    for label, text in rows.items():
        if text:
            body = textwrap.fill(" ".join(text.split()), WIDTH, subsequent_indent=" " * 10)
            lines.append(f"  {label:<8}{body}")
    return "\n".join(lines)
