"""The matrix on a terminal: checks by scenario, board or node; counted where there are too many of these for its width."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from rknn_validation.checks.model import Status, Verdict
from rknn_validation.diagnosis.model import BAD
from rknn_validation.report.columns import WORDS, Key, column, key_of, topic, worst
from rknn_validation.report.lines import Line

MARKUP = {Status.FAIL: {"red": True}, Status.INCONCLUSIVE: {"yellow": True}, Status.PASS: {}, Status.SKIP: {"light": True}}
CELL = 6
"""Columns of a cell: a word of four letters and a gap of two."""
STAIRS = 12
"""Columns whose names still read well as stairs, one line each."""

Row = tuple[str, Mapping[str, Status]]
"""A label, and a status by column."""


def matrix(tier: str, verdicts: Sequence[Verdict], silent: frozenset[Key], width: int) -> Iterator[Line]:
    """The matrix of one tier; failures of `silent` questions, which could not be asked, do not unfold their topic."""
    columns = list(dict.fromkeys(map(column, verdicts)))
    rows = list(_rows(verdicts, silent))
    label = max(len(name) for name, _ in rows) + 2
    kind = "cluster" if tier == "kubernetes" else "node" if tier == "hardware" else "scenario/board" if "/" in columns[0] else "scenario"
    yield f"{tier}: checks by {kind}", {"bold": True}
    one_line = label + sum(max(len(name), CELL - 2) + 2 for name in columns)
    stairs = max(label + CELL * number + 2 + len(name) for number, name in enumerate(columns))
    if one_line <= width:
        yield from _table(rows, columns, label, [max(len(name), CELL - 2) for name in columns])
    elif stairs <= width and len(columns) <= STAIRS:
        for number, name in enumerate(columns):
            yield " " * label + "  |   " * number + f"  {name}", {}
        yield from _cells(rows, columns, label, [CELL - 2] * len(columns))
    else:
        yield from _counted(rows, len(columns), kind, label)


def _table(rows: Sequence[Row], columns: Sequence[str], label: int, widths: Sequence[int]) -> Iterator[Line]:
    yield " " * label + "  ".join(f"{name:<{size}}" for name, size in zip(columns, widths, strict=True)).rstrip(), {}
    yield from _cells(rows, columns, label, widths)


def _cells(rows: Sequence[Row], columns: Sequence[str], label: int, widths: Sequence[int]) -> Iterator[Line]:
    for name, statuses in rows:
        words = (WORDS[statuses[one]] if one in statuses else "." for one in columns)
        cells = "  ".join(f"{word:<{size}}" for word, size in zip(words, widths, strict=True))
        yield f"{name:<{label}}{cells}".rstrip(), MARKUP[worst(tuple(statuses.values()))]


def _counted(rows: Sequence[Row], columns: int, kind: str, label: int) -> Iterator[Line]:
    yield f"{f'how many of {columns}':<{label}}" + "  ".join(WORDS.values()), {}
    for name, statuses in rows:
        counts = Counter(statuses.values())
        cells = "  ".join(f"{counts[status] or '.':>4}" for status in WORDS)
        yield f"{name:<{label}}{cells}", MARKUP[worst(tuple(statuses.values()))]


def _rows(verdicts: Sequence[Verdict], silent: frozenset[Key]) -> Iterator[Row]:
    """One row a check; the checks of a topic that neither failed nor were inconclusive fold into one row."""
    first = list(dict.fromkeys(map(topic, verdicts)))
    ordered = sorted(verdicts, key=lambda one: first.index(topic(one)))
    for name, group in groupby(ordered, key=topic):
        checks: dict[str, dict[str, Status]] = {}
        loud: set[str] = set()
        for verdict in group:
            checks.setdefault(verdict.check, {})[column(verdict)] = verdict.status
            if verdict.status in BAD and key_of(verdict) not in silent:
                loud.add(verdict.check)
        yield from ((check, found) for check, found in checks.items() if check in loud)
        quiet = {check: found for check, found in checks.items() if check not in loud}
        if len(quiet) == 1:
            yield from quiet.items()
        elif quiet:
            yield f"{name}.* ({len(quiet)} {'other checks' if loud else 'checks'})", _folded(quiet)


def _folded(checks: Mapping[str, Mapping[str, Status]]) -> dict[str, Status]:
    statuses: dict[str, list[Status]] = {}
    for found in checks.values():
        for where, status in found.items():
            statuses.setdefault(where, []).append(status)
    return {where: worst(some) for where, some in statuses.items()}
