"""`rknn-validate --explain CODE|CHECK`: what a check asks, or what a cause of the diagnosis is, and what to do.

`scripts/findings_pages.py` writes the same entries to docs/findings/.
"""

from __future__ import annotations

import difflib
import inspect
import sys
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from rknn_validation.checks.cluster import CLUSTER_CHECKS
from rknn_validation.checks.configuration import CONFIGURATION_CHECKS
from rknn_validation.checks.model import Check
from rknn_validation.checks.node import HARDWARE_CHECKS, NODE_CHECKS
from rknn_validation.checks.node.transition import TRANSITION_CHECKS
from rknn_validation.diagnosis import RULES, KnownFailure
from rknn_validation.npu import codes
from rknn_validation.npu.formerly import FORMERLY

WIDTH = 100
BOARDS = {"rk3588": "boards with an RK3588", "other": "other boards"}
UNIT, VM, HARDWARE, KUBERNETES = "unit", "vm", "hardware", "kubernetes"
PAGES = {
    UNIT: "docs/defects.md (configurations that fail it), docs/report.md",
    VM: "docs/node-checks.md, docs/emulated-board.md",
    HARDWARE: "docs/node-checks.md, docs/run-on-my-nodes.md",
    KUBERNETES: "docs/kubernetes.md",
}
"""Where the documentation says more about the checks of a tier."""


@dataclass(frozen=True)
class Entry:
    """A check or a cause: its code, id and title, what it is of (`codes.NODE`, ...), and texts by label."""

    code: str
    id: str
    kind: str
    stage: str
    title: str
    rows: Mapping[str, str]


def main(word: str) -> int:
    """Print it. Returns the command's exit status: 4 for a code or an id that nobody knows."""
    known = entries()
    retired = codes.table().get(word.upper(), "")
    if retired.startswith(codes.RETIRED):
        print(f"{word.upper()} is {retired}")
        return 0
    id = codes.id_of(word)
    name = FORMERLY.get(id, id)
    if name not in known:
        near = difflib.get_close_matches(word, [*known, *FORMERLY, *codes.table()], n=3, cutoff=0.5)
        near += [one for one in known if word and word in one and one not in near][:5]
        print(f"rknn-validate: there is no check, cause or code {word}", file=sys.stderr)
        hint = f"did you mean {', '.join(dict.fromkeys(near))}?" if near else "a report names the checks it asked"
        print(f"  hint: {hint}", file=sys.stderr)
        return 4
    if name != id:
        print(f"{id} is now called {name}.\n")
    print(explained(known[name]))
    return 0


def all_checks() -> list[tuple[tuple[str, ...], Check[Any]]]:
    """Every check, and the tiers that ask it."""
    registries = (
        ((UNIT,), CONFIGURATION_CHECKS.all()),
        ((VM, HARDWARE), NODE_CHECKS.all()),
        ((HARDWARE,), HARDWARE_CHECKS.all()),
        ((VM,), TRANSITION_CHECKS.all()),
        ((KUBERNETES,), CLUSTER_CHECKS.all()),
    )
    return [(tiers, check) for tiers, checks in registries for check in checks]


def entries() -> dict[str, Entry]:
    """Every check and every cause, by id."""
    found = [*(_of_check(tiers, check) for tiers, check in all_checks()), *map(_of_cause, RULES)]
    return {one.id: one for one in found}


def _of_check(tiers: tuple[str, ...], check: Check[Any]) -> Entry:
    rows = {
        "tier": ", ".join(tiers) + (f" (--level {check.level})" if check.level > 1 else ""),
        "stage": check.stage,
        "stacks": ", ".join(sorted(check.stacks)),
        "boards": ", ".join(words for name, words in BOARDS.items() if name in check.boards),
        "asks": inspect.getdoc(check.ask) or "",
        "remedy": check.remedy,
        # The diagnosis looks at nodes alone.
        "causes": ", ".join(codes.with_code(rule.id) for rule in _causes_of(check.id)) if tiers != (UNIT,) else "",
        "more": "; ".join(PAGES[tier] for tier in tiers[:1]),
    }
    kind = codes.CONFIGURATION if tiers == (UNIT,) else codes.NODE
    return Entry(codes.code_of(check.id), check.id, kind, check.stage, check.title, rows)


def _causes_of(check: str) -> list[KnownFailure]:
    """The causes whose signs are looked for in this check by its id, most upstream first."""
    return [
        rule
        for rule in RULES
        if any(pattern != "*" and fnmatchcase(check, pattern) for sign in rule.signs for pattern in sign.checks)
    ]


def _of_cause(rule: KnownFailure) -> Entry:
    signs = ((one.pattern, "" if one.checks == ("*",) else f" (in {', '.join(one.checks)})") for one in rule.signs)
    rows = {
        "layer": rule.layer,
        "seen": rule.seen,
        "told": "; ".join(f"{pattern}{where}" for pattern, where in signs),
        "sure": rule.certainty,
        "fix": rule.fix,
        "explains": ", ".join(rule.explains),
        "threads": rule.source,
        "more": "docs/diagnosis.md",
    }
    return Entry(codes.code_of(rule.id), rule.id, codes.CAUSE, rule.layer, rule.cause, rows)


def explained(entry: Entry) -> str:
    """The lines about one check or cause, for a terminal."""
    lines = [f"{entry.code} {entry.id}".lstrip(), f"  {entry.title}", ""]
    for label, text in entry.rows.items():
        if text:
            body = textwrap.fill(" ".join(text.split()), WIDTH, subsequent_indent=" " * 11)
            lines.append(f"  {label:<9}{body}")
    return "\n".join(lines)
