"""Writes the options of docs/rknn-validate.md, as the command declares them.

python scripts/command_reference.py          write them
python scripts/command_reference.py --check  exit 1 where they are out of date
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src")]

from rknn_validation.pytestplugin.options import GROUPS  # noqa: E402

PAGE = ROOT / "docs" / "rknn-validate.md"
BEGIN, END = "<!-- begin: options -->", "<!-- end: options -->"


def table(title: str) -> str:
    """The options of one group."""
    rows: list[str] = []

    def add(*words: str, metavar: str = "", choices: Iterable[str] = (), help: str = "", **_: object) -> None:
        """Take what argparse would. A bar would end a cell of the table."""
        value = metavar or "|".join(choices)
        names = ", ".join(f"`{word}{value and ' '}{value}`" for word in words)
        rows.append("| {} | {} |".format(*(cell.replace("|", "\\|") for cell in (names, help))))

    GROUPS[title](add)
    return "\n".join([f"**{title[0].upper()}{title[1:]}**", "", "| option | |", "|---|---|", *rows])


def text(page: str) -> str:
    """The page with its options as they should be."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        sys.exit(f"{PAGE.relative_to(ROOT)} has no {BEGIN} ... {END}")
    tables = "\n\n".join(map(table, GROUPS))
    return f"{before}{BEGIN}\n\n{tables}\n\n{END}{after}"


def main() -> int:
    """Write the options, or say whether they are out of date."""
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
