"""Nodes and boards that could not be asked: one reason stands for many checks, and is told once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rknn_validation.checks.model import Evidence, Status, Verdict
from rknn_validation.report.columns import WORDS, column

Line = tuple[str, dict[str, bool]]
LINES = 6
"""Lines shown of what was expected and seen; the reports have all."""
MANY = 8
"""More checks than these are told by topic."""
_HINT = "  hint: "
_BROKE = "the check itself broke"
_JUDGED = (Status.PASS, Status.FAIL, Status.INCONCLUSIVE)


@dataclass(frozen=True)
class Unasked:
    """What was not asked of one column, and why. `whole`: it answered nothing at all."""

    tier: str
    where: str
    reason: str
    detail: str
    checks: tuple[str, ...]
    whole: bool

    def lines(self) -> Iterator[Line]:
        """A paragraph, each line with its terminal markup."""
        said = self.detail.splitlines()[1:]
        # What comes after the hint is more of it.
        at = next((index for index, line in enumerate(said) if line.startswith(_HINT)), len(said))
        yield "", {}
        nothing = "nothing could be asked" if self.whole else "nothing more could be asked"
        reason = self.reason.removeprefix(f"{self.where} cannot be asked: ")
        yield f"{WORDS[Status.INCONCLUSIVE]} {self.where}: {nothing}: {reason}", {"yellow": True}
        for line in said[:at][:LINES]:
            yield line, {"light": True}
        if at < len(said):
            yield f"  remedy: {' '.join((said[at].removeprefix(_HINT), *said[at + 1 :]))}", {}
        left = f"{len(self.checks)} checks" if self.whole else named(self.checks)
        yield f"  inconclusive: {left}", {}


def unasked(verdicts: Sequence[Verdict]) -> tuple[Unasked, ...]:
    """The columns that could not be asked, or not any more: several checks have no answer, and word for word one reason."""
    groups: dict[tuple[str, str, str, tuple[Evidence, ...]], list[Verdict]] = {}
    judged: Counter[tuple[str, str]] = Counter()
    for one in verdicts:
        judged[one.tier, column(one)] += one.status in _JUDGED
        if _is_unasked(one):
            groups.setdefault((one.tier, column(one), one.reason, one.evidence), []).append(one)
    return tuple(
        Unasked(
            tier=tier,
            where=where,
            reason=reason,
            detail=evidence[0].output,
            checks=tuple(one.check for one in group),
            whole=judged[tier, where] == len(group),
        )
        for (tier, where, reason, evidence), group in groups.items()
        if len(group) > 1
    )


def _is_unasked(verdict: Verdict) -> bool:
    """Whether the harness gives its own reason why a machine has no answer."""
    return (
        bool(verdict.node or verdict.board)
        and verdict.status is Status.INCONCLUSIVE
        and [evidence.source for evidence in verdict.evidence] == ["harness"]
        and not verdict.reason.startswith(_BROKE)
    )


def covered(found: Iterable[Unasked]) -> frozenset[tuple[str, str, str]]:
    """Tier, column and check of everything in these paragraphs."""
    return frozenset((one.tier, one.where, check) for one in found for check in one.checks)


def named(checks: Sequence[str]) -> str:
    """Checks by name; many of them by number and topic."""
    if len(checks) <= MANY:
        return ", ".join(checks)
    topics = Counter(check.split(".", 1)[0] for check in checks)
    return f"{len(checks)} checks ({', '.join(f'{count} {topic}' for topic, count in topics.items())})"
