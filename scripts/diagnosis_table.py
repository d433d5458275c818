"""Writes docs/diagnosis.md: every known failure, by the rules that recognise it.

python scripts/diagnosis_table.py          write it
python scripts/diagnosis_table.py --check  exit 1 where it is out of date
"""

from __future__ import annotations

import re
import sys
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src")]

from rknn_validation.diagnosis import RULES, KnownFailure  # noqa: E402
from rknn_validation.npu.codes import code_of  # noqa: E402

PAGE = ROOT / "docs" / "diagnosis.md"
HEAD = """# From failures to causes

You have a node with failed checks and want to know what to fix. Node failures are traced to root causes, most upstream
first, so that a missing driver is one line and not fifteen. The terminal and the page show the causes above the
failures, each with the verdicts that it explains; `results.json` has them under `diagnoses`. Failures that no rule
explains are listed as such.

`certain` means that what was seen has no other known cause. `likely` and `possible` mean that it has others and this
one comes first. The source is a public thread (`owner/repo#n`), the file that prints the message, or `ran` for an
emulated board. How far a cause was seen: `emulated` happened on an emulated board, `recorded` was told in a public
thread, whose lines the rule was tried on, `read` is known from source text alone. None was seen on silicon here.

`scripts/diagnosis_table.py` generates this page from the rules in `src/rknn_validation/diagnosis/`. Each rule has
recorded evidence that it fires on, and evidence that only looks alike and must not fire
([add one](add-a-check.md#add-a-known-failure)).
"""


def seen_how(rule: KnownFailure) -> str:
    """How far a cause was seen: emulated, recorded or read, by its source."""
    if re.search(r"\bran\b", rule.source):
        return "emulated"
    return "recorded" if re.search(r"\S+/\S+#\d+", rule.source) else "read"


def row(rule: KnownFailure) -> str:
    """One failure."""
    cells = (
        f"{code_of(rule.id)} `{rule.id}`",
        rule.seen,
        f"{rule.cause} ({rule.certainty})",
        rule.fix,
        seen_how(rule),
        rule.source,
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def text() -> str:
    """The whole page."""
    parts = [HEAD]
    for layer, rules in groupby(RULES, key=lambda rule: rule.layer):
        columns = "| id | what is seen | cause | fix | known | source |\n|---|---|---|---|---|---|"
        head = f"## {layer.capitalize()}\n\n{columns}"
        parts.append("\n".join([head, *map(row, rules), ""]))
    return "\n".join(parts)


def main() -> int:
    """Write the page, or say whether it is out of date."""
    if "--check" not in sys.argv:
        PAGE.write_text(text(), encoding="utf-8")
        return 0
    if PAGE.exists() and PAGE.read_text(encoding="utf-8") == text():
        return 0
    print(f"{PAGE.relative_to(ROOT)} is out of date: run {Path(__file__).relative_to(ROOT)}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
