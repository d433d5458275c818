"""The verdict matrix on a terminal: checks x scenario/board, then each failure with evidence and remedy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from rknn_validation.checks.model import Status, Verdict
from rknn_validation.report import causes
from rknn_validation.report.collect import Collection
from rknn_validation.report.compare import BAD, Change, Changes
from rknn_validation.report.columns import WORDS, by_tier, column, topic, worst
from rknn_validation.report.unasked import Unasked, covered, named, unasked

EVIDENCE_LINES = 12
"""Lines of each piece of evidence shown on the terminal; reports on disk have all."""

Silent = frozenset[tuple[str, str, str]]
"""Tier, column and check of what could not be asked."""

NAMED = 3
"""Checks that broke, or were fixed, named in the line that compares with the run before."""


def render(collection: Collection) -> Iterator[tuple[str, dict[str, bool]]]:
    """Lines and their terminal markup (as pytest's `write_line` takes it)."""
    silent: list[Unasked] = []
    yield from ((note, {}) for note in collection.notes)
    for tier, verdicts in by_tier(collection.verdicts):
        own = unasked(verdicts)
        silent += own
        yield "", {}
        yield from _matrix(tier, verdicts, covered(own))
    yield from causes.render(collection.verdicts, collection.diagnoses(), covered(silent))
    for one in silent:
        yield from one.lines()
    told = covered(silent)
    for verdict in collection.verdicts:
        if verdict.status in BAD and (verdict.tier, column(verdict), verdict.check) not in told:
            yield from _finding(verdict)
    yield from _skipped([one for one in collection.verdicts if one.tier == "hardware" and one.status is Status.SKIP])
    stand_ins = collection.stand_ins()
    if stand_ins:
        yield "", {}
        yield "stood in for the real thing:", {"bold": True}
        for name in stand_ins:
            yield f"  - {name}", {}
    yield "", {}
    yield from _summary(collection)


def _matrix(tier: str, verdicts: list[Verdict], silent: Silent) -> Iterator[tuple[str, dict[str, bool]]]:
    columns = list(dict.fromkeys(column(verdict) for verdict in verdicts))
    rows = list(_rows(verdicts, silent))
    width = max(len(label) for label, _ in rows) + 2
    kind = "node" if tier == "hardware" else "scenario/board" if "/" in columns[0] else "scenario"
    yield f"{tier}: checks x {kind}", {"bold": True}
    for index, name in enumerate(columns):
        yield " " * width + "  |   " * index + f"  {name}", {}
    for label, statuses in rows:
        cells = ((WORDS[statuses[name]] if name in statuses else "   .") for name in columns)
        markup = _markup(worst(tuple(statuses.values())))
        yield f"{label:<{width}}" + "  ".join(cells), markup


def _rows(verdicts: list[Verdict], silent: Silent) -> Iterator[tuple[str, dict[str, Status]]]:
    """One row a check; a topic whose checks neither failed nor were inconclusive folds into one row.

    What could not be asked of a column at all (`silent`) unfolds nothing.
    """
    ordered = sorted(verdicts, key=topic)
    names = list(dict.fromkeys(topic(verdict) for verdict in verdicts))
    groups = {name: list(group) for name, group in groupby(ordered, key=topic)}
    for name in names:
        checks: dict[str, dict[str, Status]] = {}
        loud: set[str] = set()
        for verdict in groups[name]:
            checks.setdefault(verdict.check, {})[column(verdict)] = verdict.status
            if verdict.status in BAD and (verdict.tier, column(verdict), verdict.check) not in silent:
                loud.add(verdict.check)
        quiet = {check: found for check, found in checks.items() if check not in loud}
        for check, found in checks.items():
            if check not in quiet:
                yield check, found
        if len(quiet) == 1:
            yield from quiet.items()
        elif quiet:
            folded: dict[str, list[Status]] = {}
            for found in quiet.values():
                for where, status in found.items():
                    folded.setdefault(where, []).append(status)
            label = f"{name}.* ({len(quiet)} {'checks' if len(quiet) == len(checks) else 'other checks'})"
            yield label, {where: worst(statuses) for where, statuses in folded.items()}


def _markup(status: Status) -> dict[str, bool]:
    return {
        Status.FAIL: {"red": True},
        Status.INCONCLUSIVE: {"yellow": True},
        Status.PASS: {},
        Status.SKIP: {"light": True},
    }[status]


def _finding(verdict: Verdict) -> Iterator[tuple[str, dict[str, bool]]]:
    yield "", {}
    yield f"{WORDS[verdict.status]} {verdict.check} [{column(verdict)}]: {verdict.title}", _markup(verdict.status)
    yield f"  seen:   {verdict.reason}", {}
    for evidence in verdict.evidence:
        lines = evidence.output.rstrip().splitlines() or ["(empty)"]
        shown = lines[:EVIDENCE_LINES]
        yield f"  from:   {evidence.source}", {}
        for line in shown:
            yield f"          {line}", {"light": True}
        if len(lines) > len(shown):
            yield f"          ... {len(lines) - len(shown)} more lines in the report", {"light": True}
    yield f"  remedy: {verdict.remedy}", {}


def _skipped(verdicts: Sequence[Verdict]) -> Iterator[tuple[str, dict[str, bool]]]:
    """What real nodes were not asked, by reason: in the matrix it stands behind what passed beside it."""
    reasons: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        reasons.setdefault(verdict.reason, []).append(verdict)
    if reasons:
        yield "", {}
        yield "skipped, and therefore not known:", {"bold": True}
    for reason, group in reasons.items():
        checks = named(list(dict.fromkeys(one.check for one in group)))
        nodes = list(dict.fromkeys(column(one) for one in group))
        more = f" and {len(nodes) - causes.PLACES} more" if len(nodes) > causes.PLACES else ""
        yield f"  - {reason}", {}
        yield f"    {checks} [{', '.join(nodes[: causes.PLACES])}{more}]", {"light": True}


def _summary(collection: Collection) -> Iterator[tuple[str, dict[str, bool]]]:
    counts = {status: collection.count(status) for status in Status}
    words = ", ".join(f"{count} {status.value}" for status, count in counts.items())
    bad = counts[Status.FAIL] or counts[Status.INCONCLUSIVE]
    markup = {"red": True} if bad else {"green": bool(counts[Status.PASS])}
    yield f"verdict: {words} -- {collection.conclusion()}", {**markup, "bold": True}
    if counts[Status.INCONCLUSIVE]:
        yield "         ???? is inconclusive: could not tell, which never counts as pass", {}
    if collection.changes is not None:
        yield _changed(collection.changes), {"red": True} if collection.changes.of("broke") else {}
    if collection.directory is not None:
        yield f"reports: {collection.directory}/index.html, junit.xml, results.json", {}


def _changed(changes: Changes) -> str:
    """One line: what broke and what was fixed by name, the rest by number."""
    words = [_named(changes.of("broke"), "broke"), _named(changes.of("fixed"), "fixed")]
    changed, new, gone = (changes.of(kind) for kind in ("changed", "new", "gone"))
    bad = sum(one.after is not None and one.after.status in BAD for one in new)
    words.append(f"{len(changed)} changed otherwise" if changed else "")
    words.append(f"{len(new)} new" + (f" ({bad} of them not passing)" if bad else "") if new else "")
    words.append(f"{len(gone)} not asked any more" if gone else "")
    return f"since {changes.since}: " + ("; ".join(word for word in words if word) or "no verdict changed")


def _named(changes: tuple[Change, ...], word: str) -> str:
    names = ", ".join(change.name for change in changes[:NAMED])
    more = f" and {len(changes) - NAMED} more" if len(changes) > NAMED else ""
    return f"{len(changes)} {word}: {names}{more}" if changes else ""
