"""Findings, which checks yield, and the answer that follows from them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rknn_validation.checks.model import Answer, Evidence, failed, inconclusive, passed, skipped

LISTED = 12
"""How many of the things that were checked are kept as evidence."""


@dataclass(frozen=True)
class Problem:
    """Something wrong: `where` it is written, `what` is wrong in one sentence, and the text that was `seen`."""

    where: str
    what: str
    seen: str = ""


@dataclass(frozen=True)
class Unsure:
    """Something that may be wrong, which the facts cannot tell: `where`, `why`, and the text that was `seen`."""

    where: str
    why: str
    seen: str = ""


@dataclass(frozen=True)
class Fine:
    """Something that was checked and is right: `where` it is, and what was `seen` there."""

    where: str
    seen: str = ""


@dataclass(frozen=True)
class Aside:
    """Why the check does not apply here, where the check's own `nothing` does not say it."""

    reason: str


Finding = Problem | Unsure | Fine | Aside


def answer(findings: Iterable[Finding], *, good: str, nothing: str) -> Answer:
    """The answer: fail with any problem, else inconclusive with any doubt, else pass with anything fine, else skip.

    `good` is the reason of a pass, `nothing` that of a skip without an `Aside`.
    """
    found = tuple(dict.fromkeys(findings))
    problems = [one for one in found if isinstance(one, Problem)]
    if problems:
        evidence = (Evidence(one.where, f"{one.what}\n{one.seen}".strip()) for one in problems)
        return failed(_first(problems[0].what, problems), *evidence)
    doubts = [one for one in found if isinstance(one, Unsure)]
    if doubts:
        evidence = (Evidence(one.where, f"{one.why}\n{one.seen}".strip()) for one in doubts)
        return inconclusive(_first(doubts[0].why, doubts), *evidence)
    fine = [f"{one.where}: {one.seen}" if one.seen else one.where for one in found if isinstance(one, Fine)]
    if fine:
        return passed(good, Evidence("looked at", "\n".join(fine[:LISTED])))
    asides = [one.reason for one in found if isinstance(one, Aside)]
    return skipped(asides[0] if asides else nothing)


def _first(sentence: str, all_of_them: list[Problem] | list[Unsure]) -> str:
    return f"{sentence} (and {len(all_of_them) - 1} more)" if len(all_of_them) > 1 else sentence
