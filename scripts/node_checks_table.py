"""Writes the tables of docs/node-checks.md: every question asked of a node or a cluster, as it is declared.

python scripts/node_checks_table.py          write them
python scripts/node_checks_table.py --check  exit 1 where they are out of date
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src")]

from rknn_validation.checks.cluster import CLUSTER_CHECKS  # noqa: E402
from rknn_validation.checks.cluster import STAGES as CLUSTER_STAGES  # noqa: E402
from rknn_validation.checks.model import Check, Registry  # noqa: E402
from rknn_validation.checks.node import HARDWARE_CHECKS, NODE_CHECKS  # noqa: E402
from rknn_validation.checks.node.registry import STAGES  # noqa: E402
from rknn_validation.checks.node.transition import TRANSITION_CHECKS  # noqa: E402
from rknn_validation.npu.codes import code_of  # noqa: E402

PAGE = ROOT / "docs" / "node-checks.md"
TABLES: dict[str, Registry[Any]] = {
    "every node": NODE_CHECKS,
    "switches": TRANSITION_CHECKS,
    "real hardware": HARDWARE_CHECKS,
    "clusters": CLUSTER_CHECKS,
}


def row(check: Check[Any]) -> str:
    """One check."""
    seen_by = " ".join((check.ask.__doc__ or "").split())
    where = f"{', '.join(sorted(check.stacks))} | {', '.join(sorted(check.boards))}"
    return f"| {code_of(check.id)} `{check.id}` | {where} | {seen_by} |"


def table(registry: Registry[Any]) -> str:
    """All checks of a registry, cause before effect."""
    checks = sorted(registry.all(), key=lambda check: (*STAGES, *CLUSTER_STAGES).index(check.stage))
    return "\n".join(["| check | stacks | boards | seen by |", "|---|---|---|---|", *map(row, checks)])


def text(page: str) -> str:
    """The page with its tables as they should be."""
    for name, registry in TABLES.items():
        begin, end = f"<!-- begin: {name} -->", f"<!-- end: {name} -->"
        before, found, rest = page.partition(begin)
        _, also, after = rest.partition(end)
        if not found or not also:
            sys.exit(f"{PAGE.relative_to(ROOT)} has no {begin} ... {end}")
        page = f"{before}{begin}\n{table(registry)}\n{end}{after}"
    return page


def main() -> int:
    """Write the tables, or say whether they are out of date."""
    page = PAGE.read_text(encoding="utf-8")
    if "--check" not in sys.argv:
        PAGE.write_text(text(page), encoding="utf-8")
        return 0
    if page == text(page):
        return 0
    print(f"{PAGE.relative_to(ROOT)} is out of date: run {Path(__file__).relative_to(ROOT)}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
