"""Writes docs/defects.md: which defects the configuration checks are known to find, and what they let pass.

python scripts/subjects_table.py          write it
python scripts/subjects_table.py --check  exit 1 where it is out of date
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests" / "subjects")]

from tables import Subject, subjects  # noqa: E402

from rknn_validation.checks.configuration import CONFIGURATION_CHECKS, STAGES  # noqa: E402

TABLE = ROOT / "docs" / "defects.md"
HEAD = """# Defects it finds

You want to know whether the harness would have found a certain mistake. Each row is a configuration that is wrong in
one way, and the checks that fail for it. The tests hold every check of a configuration to fail on at least one of them,
and to stay quiet on the [harmless variants](#harmless-variants), which look similar and work.

`scripts/subjects_table.py` generates this page from the tables in `tests/subjects/`
([add one](add-a-check.md#rules-that-keep-verdicts-honest)).
"""


def text() -> str:
    """The whole file."""
    found = sorted(subjects().values(), key=lambda one: one.name)
    defective = sorted((one for one in found if not one.is_harmless), key=_order)
    harmless = [one for one in found if one.is_harmless]
    lines = [HEAD, f"{len(defective)} defects, {len(harmless)} harmless variants.", ""]
    topics = dict.fromkeys(map(_topic, defective))
    for topic in topics:
        lines += [f"## {topic}", "", "| check | defect | subject |", "|---|---|---|"]
        lines += [_row(one) for one in defective if _topic(one) == topic]
        lines += [""]
    lines += ["## Harmless variants", "", "| what is done differently | subject |", "|---|---|"]
    lines += [f"| {one.description} | `{one.name}` |" for one in harmless]
    return "\n".join(lines) + "\n"


def _row(one: Subject) -> str:
    return f"| {' '.join(f'`{check}`' for check in one.checks)} | {one.description} | `{one.name}` |"


def _topic(one: Subject) -> str:
    topic: str = one.checks[0].partition(".")[0]
    return topic


def _order(one: Subject) -> tuple[int, str, str]:
    known = {check.id: check.stage for check in CONFIGURATION_CHECKS.all()}
    return STAGES.index(known[one.checks[0]]), one.checks[0], one.name


def main() -> int:
    """Write the table, or say whether it is out of date."""
    if "--check" not in sys.argv:
        TABLE.write_text(text())
        return 0
    if TABLE.read_text() == text():
        return 0
    print(f"{TABLE.relative_to(ROOT)} is out of date: run {Path(__file__).relative_to(ROOT)}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
