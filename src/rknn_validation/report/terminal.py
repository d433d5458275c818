"""The verdict on a terminal: the matrix, root causes, each finding once, and the verdict as the last lines."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rknn_validation.checks.model import Status
from rknn_validation.diagnosis.model import BAD
from rknn_validation.report import findings
from rknn_validation.report.collect import Collection
from rknn_validation.report.columns import by_tier, key_of
from rknn_validation.report.compare import Change, Changes
from rknn_validation.report.lines import Line, as_many_as_fit, heading, paragraph
from rknn_validation.report.matrix import matrix

WIDTH = 100
"""Columns where there is no terminal to ask."""
NAMED = 3
"""Checks that broke, or were fixed, named in the comparison with earlier runs."""


def render(collection: Collection, width: int = WIDTH, verbosity: int = 0) -> Iterator[Line]:
    """All of it. `verbosity` as of pytest: -1 leaves one line a finding, -2 the verdict; 1 lists skips, 2 all evidence."""
    if collection.verdicts and verbosity > -2:
        yield from _findings(collection, width, verbosity)
        if verbosity > -1:
            yield from _not_asked(collection, width, verbosity)
            yield "", {}
    yield from _summary(collection, width)


def _findings(collection: Collection, width: int, verbosity: int) -> Iterator[Line]:
    tiers = by_tier(collection.verdicts)
    silent = [one for _, verdicts in tiers for one in findings.unasked(verdicts)]
    covered = frozenset(key_of(verdict) for one in silent for verdict in one.verdicts)
    short = verbosity < 0
    if not short:
        for note in collection.notes:
            yield from paragraph("", note, width, 2)
        for tier, verdicts in tiers:
            yield "", {}
            yield from matrix(tier, verdicts, covered, width)
        yield from findings.causes(collection.verdicts, collection.diagnoses(), covered, width)
    bad = [one for one in collection.verdicts if key_of(one) not in covered and one.status in BAD]
    failed = findings.by_check(one for one in bad if one.status is Status.FAIL)
    unclear = findings.by_check(one for one in bad if one.status is Status.INCONCLUSIVE)
    if failed and not short:
        yield from heading("failed:", red=True)
    for group in failed:
        yield from findings.finding(group, width, short=short, full=verbosity > 1)
    if (unclear or silent) and not short:
        yield from heading("inconclusive (could not tell, which never counts as pass):", yellow=True)
    for one in silent:
        yield from one.lines(width, short=short)
    for group in unclear:
        yield from findings.finding(group, width, short=short, full=verbosity > 1)


def _not_asked(collection: Collection, width: int, verbosity: int) -> Iterator[Line]:
    """What was skipped, and what was not the real thing: a line each; with -v, all of it."""
    skipped = [one for one in collection.verdicts if one.status is Status.SKIP]
    stand_ins = collection.stand_ins()
    if skipped or stand_ins:
        yield "", {}
    if skipped:
        hint = ":" if verbosity > 0 else " (-v lists them)"
        yield from paragraph("", findings.skip_counts(skipped) + hint, width, 2)
        if verbosity > 0:
            yield from findings.skips(skipped, width)
    if stand_ins:
        count = f"{len(stand_ins)} stand-in{'s'[: len(stand_ins) > 1]} for the real thing: "
        listed = f" (list: {_shown(collection.directory)}/index.html)" if collection.directory else ""
        if verbosity > 0:
            yield count.rstrip(), {}
            yield from (line for name in stand_ins for line in paragraph("  -", name, width, 4))
        else:
            names = as_many_as_fit(stand_ins, max(width - len(count) - len(listed), width // 2))
            yield from paragraph("", count + names + listed, width, 2)


def _summary(collection: Collection, width: int) -> Iterator[Line]:
    if collection.changes is not None:
        broke = {"red": True} if collection.changes.of("broke") else {}
        yield from paragraph("", _changed(collection.changes), width, 2, **broke)
    for one in collection.ignored():
        yield from paragraph("", str(one), width, 2, yellow=True)
    if collection.incomplete:
        yield from paragraph("", collection.incomplete, width, 2, yellow=True)
    if collection.errors:
        yield f"Questions that ended in an error of the harness, shown above: {collection.errors}", {"yellow": True}
    counts = ", ".join(f"{collection.count(status)} {status.value}" for status in Status)
    bad = any(collection.count(status) for status in BAD)
    markup = {"red": True} if bad else {"green": True} if collection.success else {"yellow": True}
    # One line however narrow the terminal is: scripts look for it.
    yield f"verdict: {counts} -- {collection.conclusion()}", {"bold": True, **markup}
    if collection.directory is not None and collection.verdicts:
        yield f"reports: {_shown(collection.directory)}/index.html, junit.xml, results.json", {}


def _shown(directory: Path) -> Path:
    """As somebody in the current folder would name it."""
    return directory.relative_to(Path.cwd()) if directory.is_relative_to(Path.cwd()) else directory


def _changed(changes: Changes) -> str:
    """What broke and what was fixed by name, the rest by number."""
    words = [_named(changes.of("broke"), "broke"), _named(changes.of("fixed"), "fixed")]
    changed, new, gone = (changes.of(kind) for kind in ("changed", "new", "gone"))
    bad = sum(one.after is not None and one.after.status in BAD for one in new)
    words.append(f"{len(changed)} changed otherwise" if changed else "")
    words.append(f"{len(new)} new" + (f" ({bad} of them not passing)" if bad else "") if new else "")
    words.append(f"{len(gone)} no longer asked" if gone else "")
    return f"since {changes.since}: " + ("; ".join(word for word in words if word) or "no verdict changed")


def _named(changes: tuple[Change, ...], word: str) -> str:
    names = ", ".join(change.name for change in changes[:NAMED])
    more = f" and {len(changes) - NAMED} more" if len(changes) > NAMED else ""
    return f"{len(changes)} {word}: {names}{more}" if changes else ""
