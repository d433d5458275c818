"""Writes docs/findings/: an entry for each code, on a page for each stage, as checks and causes are declared.

python scripts/findings_pages.py          write them
python scripts/findings_pages.py --check  exit 1 where they are out of date

The pages are also the record of what was allocated: a code that stands there for one id is not given to another.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src")]

from rknn_validation.npu import codes  # noqa: E402
from rknn_validation.npu.formerly import current_id  # noqa: E402
from rknn_validation.pytestplugin.explain import Entry, entries  # noqa: E402

FOLDER = ROOT / "docs" / "findings"
KINDS = {codes.CONFIGURATION: "of a configuration", codes.NODE: "of a node", codes.CAUSE: "cause"}
THREAD = re.compile(r"(?<![\w./])([\w.-]+/[\w.-]+)#(\d+)")
HEAD = """# Findings by code

A report printed a code, such as NPU110, and you want to know what it means. Each check and each cause of the
[diagnosis](../diagnosis.md) has one. Codes are stable: a code is allocated once and never reused.

```console
$ rknn-validate --explain NPU110
```

prints the same entry. To live with a finding, [ignore it by its code](../report.md#ignore-a-finding).
`scripts/findings_pages.py` generates these pages from `src/rknn_validation/`.
"""


def page_of(stage: str) -> str:
    """The file of a stage or layer; checks of configurations and nodes and causes of one name share it."""
    return f"{stage.replace(' ', '-')}.md"


def cell(text: str) -> str:
    """Text that stands in a table."""
    return text.replace("|", "\\|").replace("<", "&lt;")


def row(label: str, text: str) -> str:
    """One line of an entry; threads are links, and patterns are code."""
    text = " ".join(text.split())
    if label == "threads":
        text = THREAD.sub(r"[\1#\2](https://github.com/\1/issues/\2)", text)
    elif label == "causes":
        text = re.sub(r"(NPU\d{3}) ([\w.-]+)", lambda one: f"[{one[1]}]({anchor(one[2])}) {one[2]}", text)
    elif label in ("told", "explains"):
        text = f"`` {text} ``"
    else:
        text = text.replace("<", "&lt;")
    return f"- {label}: {text}"


def anchor(id: str) -> str:
    """The place of an entry, from a page beside it."""
    entry = ENTRIES[id]
    return f"{page_of(entry.stage)}#{entry.code.lower()}"


def section(entry: Entry) -> str:
    """The entry of one check or cause."""
    rows = (row(label, text) for label, text in entry.rows.items() if text and label not in ("stage", "layer", "more"))
    title = entry.title.replace("<", "&lt;")
    return "\n".join([f"## {entry.code}", "", f"`{entry.id}` ({KINDS[entry.kind]}): {title}.", "", *rows, ""])


def pages() -> dict[str, str]:
    """Every page by its name."""
    stages: dict[str, list[Entry]] = {}
    for entry in sorted(ENTRIES.values(), key=lambda one: one.code):
        stages.setdefault(page_of(entry.stage), []).append(entry)
    found = {}
    for name, some in stages.items():
        head = f"# Findings: {name.removesuffix('.md').replace('-', ' ')}\n"
        found[name] = "\n".join([head, *map(section, some)])
    lines = [
        f"| [{one.code}]({anchor(one.id)}) | `{one.id}` | {cell(one.title)} |"
        for some in stages.values()
        for one in some
    ]
    retired = [f"| {code} | | {cell(what)} |" for code, what in codes.table().items() if what.startswith(codes.RETIRED)]
    table = ["| code | id | what holds, or what is the cause |", "|---|---|---|", *lines, *retired, ""]
    found["index.md"] = "\n".join([HEAD, *table])
    return found


def reused(index: str, table: Mapping[str, str]) -> list[str]:
    """What is wrong with the table of codes, compared with the index that was written from an earlier one."""
    wrong = []
    for code, id in re.findall(r"^\| \[(NPU\d{3})\]\(\S+\) \| `([^`]+)`", index, flags=re.MULTILINE):
        now = table.get(code, "nothing")
        if now not in (id, current_id(id)) and not now.startswith(f"{codes.RETIRED}: {id}"):
            wrong.append(f"{code} was {id}, and is {now}: never reuse a code, write `{code} retired: {id}, WHY`")
    return wrong


ENTRIES = entries()


def main() -> int:
    """Write the pages, or say whether they are out of date."""
    wanted = pages()
    there = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.md")}
    wrong = reused(there.get("index.md", ""), codes.table())
    if wrong:
        print("\n".join(wrong), file=sys.stderr)
        return 1
    if there == wanted:
        return 0
    if "--check" in sys.argv:
        print(f"docs/findings/ is out of date: run {Path(__file__).relative_to(ROOT)}", file=sys.stderr)
        return 1
    FOLDER.mkdir(exist_ok=True)
    for name in there.keys() - wanted.keys():
        (FOLDER / name).unlink()
    for name, text in wanted.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
