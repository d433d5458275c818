"""What needs somebody's attention, on a terminal: root causes, failures, what could not be told, and what was skipped."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rknn_validation.checks.model import CHECK_BROKE, IGNORED, Evidence, Status, Verdict
from rknn_validation.diagnosis import Diagnosis
from rknn_validation.diagnosis.model import BAD, LAYERS
from rknn_validation.npu.codes import code_of, with_code
from rknn_validation.report.columns import WORDS, Key, column, key_of
from rknn_validation.report.lines import Line, check_names, heading, paragraph, places, shortened
from rknn_validation.report.matrix import MARKUP

EVIDENCE_LINES = 12
"""Lines of each piece of evidence shown; the reports have all."""
EVIDENCE_WIDTH = 400
"""Characters of a line of evidence shown."""
CAUSE_LINES = 3
"""Lines shown of what gave a cause away."""
REASONS = 3
"""Different reasons shown for one check."""
ERROR_LINES = 6
"""Lines shown of what was expected and seen of a node that could not be asked."""

_HINT = "  hint: "
_OTHER_SKIPS = "not applicable"
_SKIPS = {
    IGNORED: re.compile(f"^{IGNORED}: "),
    "only asked with --disturb": re.compile("--disturb"),
    "dependent on another check": re.compile(r": see [a-z0-9-]+\.[a-z0-9-]+"),
    "lacking a program on the node": re.compile("on the node"),
}
"""Kinds of skips and the reasons that tell them; every other skipped check is not applicable."""


@dataclass(frozen=True)
class Unasked:
    """Questions that have no answer for one reason, such as a node that is off; `whole`: nothing there has one."""

    verdicts: tuple[Verdict, ...]
    whole: bool

    def lines(self, width: int, *, short: bool = False) -> Iterator[Line]:
        """One paragraph for all of them; `short` is its first line alone."""
        first = self.verdicts[0]
        detail = first.evidence[0].output.splitlines()[1:]
        # The hint and what follows it.
        at = next((index for index, line in enumerate(detail) if line.startswith(_HINT)), len(detail))
        nothing = "nothing could be asked" if self.whole else "nothing more could be asked"
        title = f"{WORDS[first.status]} {places(map(column, self.verdicts))}: {nothing}: {_reason(first)}"
        if short:
            yield shortened(title, width), MARKUP[first.status]
            return
        yield "", {}
        yield from paragraph("", title, width, 5, bold=True, **MARKUP[first.status])
        if len({one.evidence for one in self.verdicts}) > 1:
            yield f"  for example {column(first)}:", {}
        yield from ((line, {"light": True}) for line in detail[:at][:ERROR_LINES])
        if at < len(detail):
            yield from paragraph("  remedy:", " ".join((detail[at].removeprefix(_HINT), *detail[at + 1 :])), width)
        checks = [one.check for one in self.verdicts]
        yield f"  inconclusive: {f'{len(set(checks))} checks' if self.whole else check_names(checks)}", {}


def unasked(verdicts: Sequence[Verdict]) -> tuple[Unasked, ...]:
    """What could not be asked, or not any more: several questions have no answer, and all for one reason."""
    groups: dict[tuple[str, str], list[Verdict]] = {}
    answered: set[tuple[str, str]] = set()
    for one in verdicts:
        # The harness itself says why there is no answer.
        if (
            one.status is Status.INCONCLUSIVE
            and [evidence.source for evidence in one.evidence] == ["harness"]
            and not one.reason.startswith(CHECK_BROKE)
        ):
            groups.setdefault((one.tier, _reason(one)), []).append(one)
        elif one.status is not Status.SKIP:
            answered.add((one.tier, column(one)))
    return tuple(
        Unasked(tuple(group), whole=not any((one.tier, column(one)) in answered for one in group))
        for group in groups.values()
        if len(group) > 1
    )


def _reason(verdict: Verdict) -> str:
    """The reason without the name of the node, which the paragraph begins with."""
    return verdict.reason.removeprefix(f"{column(verdict)} cannot be asked: ")


def causes(
    verdicts: Sequence[Verdict], found: Sequence[Diagnosis], silent: frozenset[Key], width: int
) -> Iterator[Line]:
    """Root causes, the most upstream first; then the failures of nodes that have none, but for `silent` questions."""
    groups: dict[str, list[Diagnosis]] = {}
    for one in sorted(found, key=lambda one: LAYERS.index(one.layer)):
        groups.setdefault(one.rule, []).append(one)
    if groups:
        yield from heading("likely causes, most upstream first:")
    for number, group in enumerate(groups.values(), 1):
        yield from _cause(number, group, width)
    explained = {(one.tier, one.where, check) for one in found for check in one.explains}
    left = [
        one.check
        for one in verdicts
        if one.status in BAD
        and (one.node or one.board)
        and key_of(one) not in silent
        and (one.tier, column(one), one.check) not in explained
    ]
    if left:
        yield "", {}
        yield from paragraph("", f"no known cause: {', '.join(dict.fromkeys(left))}", width, 2, yellow=True)


def _cause(number: int, group: Sequence[Diagnosis], width: int) -> Iterator[Line]:
    first = group[0]
    title = f"{code_of(first.rule)} {first.cause} ({first.certainty})".lstrip()
    yield from paragraph(f"{number}.", title, width, 3, red=True)
    yield from paragraph("   on:", places(one.where for one in group), width, 13)
    yield from paragraph("   explains:", check_names(check for one in group for check in one.explains), width, 13)
    seen = dict.fromkeys(line for one in first.evidence for line in one.output.splitlines())
    yield from ((f"   seen:     {shortened(line, EVIDENCE_WIDTH)}", {"light": True}) for line in list(seen)[:CAUSE_LINES])
    yield from paragraph("   fix:", first.fix, width, 13)
    also = places(with_code(rule) for one in group for rule in one.also)
    if also:
        yield from paragraph("   also fit:", also, width, 13, light=True)


def finding(verdicts: Sequence[Verdict], width: int, *, short: bool = False, full: bool = False) -> Iterator[Line]:
    """One check that failed, or could not tell, on one or more of what it was asked of (all of one status).

    `short` is its first line alone; `full` shows all evidence.
    """
    first = verdicts[0]
    title = f"{WORDS[first.status]} {with_code(first.check)} [{places(map(column, verdicts))}]: {first.title}"
    if short:
        yield shortened(title, width), MARKUP[first.status]
        return
    yield "", {}
    yield from paragraph("", title, width, 5, bold=True, **MARKUP[first.status])
    reasons: dict[str, list[Verdict]] = {}
    for one in verdicts:
        reasons.setdefault(one.reason, []).append(one)
    for reason, some in list(reasons.items())[: None if full else REASONS]:
        where = f" [{places(map(column, some))}]" if len(reasons) > 1 else ""
        yield from paragraph("  seen:", reason + where, width)
        for evidence in some[0].evidence:
            yield from _evidence(evidence, reason, full)
    if len(reasons) > REASONS and not full:
        yield f"  and {len(reasons) - REASONS} other reasons, see the report", {}
    yield from paragraph("  remedy:", first.remedy, width)
    yield f"  more:   rknn-validate --explain {first.code or first.check}", {}


def _evidence(evidence: Evidence, reason: str, full: bool) -> Iterator[Line]:
    lines = evidence.output.rstrip().splitlines() or ["(empty)"]
    lines = lines[1:] if lines[0] == reason else lines
    shown = lines if full else [shortened(line, EVIDENCE_WIDTH) for line in lines[:EVIDENCE_LINES]]
    yield f"  from:   {evidence.source}", {}
    yield from ((f"          {line}", {"light": True}) for line in shown)
    if len(lines) > len(shown):
        yield f"          ... {len(lines) - len(shown)} more lines in the report", {"light": True}


def by_check(verdicts: Iterable[Verdict]) -> list[list[Verdict]]:
    """The verdicts of each check of each tier."""
    groups: dict[tuple[str, str], list[Verdict]] = {}
    for one in verdicts:
        groups.setdefault((one.tier, one.check), []).append(one)
    return list(groups.values())


def skip_counts(verdicts: Sequence[Verdict]) -> str:
    """How many were skipped, by kind of reason; "" where none were."""
    if not verdicts:
        return ""
    kinds = Counter(_kind(one.reason) for one in verdicts)
    return f"{len(verdicts)} skipped: " + ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())


def _kind(reason: str) -> str:
    return next((kind for kind, pattern in _SKIPS.items() if pattern.search(reason)), _OTHER_SKIPS)


def skips(verdicts: Sequence[Verdict], width: int) -> Iterator[Line]:
    """Everything that was skipped, by reason."""
    reasons: dict[str, list[Verdict]] = {}
    for one in verdicts:
        reasons.setdefault(one.reason, []).append(one)
    for reason, some in reasons.items():
        yield from paragraph("  -", reason, width, 4)
        where = f"{', '.join(dict.fromkeys(one.check for one in some))} [{places(map(column, some))}]"
        yield from paragraph(" ", where, width, 4, light=True)
