"""What changed since earlier runs of the same subject."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rknn_validation.checks.model import Status, Verdict
from rknn_validation.diagnosis.model import BAD
from rknn_validation.report.columns import SEVERITY, Key, key_of, place

FORGOTTEN_AFTER = 20
"""A last answer is dropped after this many complete runs without the question."""

KINDS = ("broke", "fixed", "changed", "new", "gone")
"""`changed` is every other change of status; a check that no longer applies was not fixed."""


@dataclass(frozen=True)
class Answered:
    """The last answer to a question.

    `started` is when its run started; `missed` counts the complete runs since then that asked the same column but
    not this question.
    """

    key: Key
    status: Status
    reason: str
    started: str
    missed: int = 0

    @property
    def column(self) -> tuple[str, str, str, str]:
        """What was asked: tier, scenario, board and node."""
        return (self.key[0], *self.key[2:])


@dataclass(frozen=True)
class Change:
    """A question whose answer differs: `before` is None if it is new, `after` is None if it is gone."""

    kind: str
    key: Key
    before: Answered | None
    after: Answered | None

    @property
    def name(self) -> str:
        """`check [column]`."""
        _, check, scenario, board, node = self.key
        return f"{check} [{place(scenario, board, node)}]"

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        names = dict(zip(("tier", "check", "scenario", "board", "node"), self.key, strict=True))
        return {**names, "before": _brief(self.before), "after": _brief(self.after)}


@dataclass(frozen=True)
class Changes:
    """All changes since the last answers, the latest of which are from the run that started at `since`."""

    since: str
    changes: tuple[Change, ...]

    def of(self, kind: str) -> tuple[Change, ...]:
        """The changes of one kind, in the order of the run."""
        return tuple(change for change in self.changes if change.kind == kind)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values: the changes by kind."""
        return {"since": self.since, **{kind: [one.to_json() for one in self.of(kind)] for kind in KINDS}}


def answers(verdicts: Iterable[Verdict], started: str) -> dict[Key, Answered]:
    """The answers of a run that started at `started`. If a question has several, the worst counts."""
    found: dict[Key, Answered] = {}
    for one in verdicts:
        key = key_of(one)
        if key not in found or SEVERITY.index(one.status) < SEVERITY.index(found[key].status):
            found[key] = Answered(key, one.status, one.reason, started)
    return found


def compare(known: Mapping[Key, Answered], now: Mapping[Key, Answered], *, whole: bool) -> Changes | None:
    """The differences between the last answers and those of this run; None if there are no last answers.

    Only a question of both can have broken. A question that this run left out is `gone` once, and only if this run was
    complete (`whole`) and asked the same column: other runs say nothing about questions that they did not ask.
    """
    if not known:
        return None
    changes = [_change(known.get(key), answer) for key, answer in now.items()]
    if whole:
        asked = {answer.column for answer in now.values()}
        changes += [
            Change("gone", key, before, None)
            for key, before in known.items()
            if key not in now and before.column in asked and not before.missed
        ]
    since = max(answer.started for answer in known.values())
    return Changes(since, tuple(change for change in changes if change is not None))


def merged(known: Mapping[Key, Answered], now: Mapping[Key, Answered], *, whole: bool) -> dict[Key, Answered]:
    """The last answer to every question: of this run, or of an earlier one if this run did not ask it."""
    asked = {answer.column for answer in now.values()} if whole else set()
    kept: dict[Key, Answered] = {}
    for key, answer in known.items():
        missed = answer.missed + (answer.column in asked)
        if key not in now and missed < FORGOTTEN_AFTER:
            kept[key] = Answered(key, answer.status, answer.reason, answer.started, missed)
    return kept | dict(now)


def _change(before: Answered | None, after: Answered) -> Change | None:
    if before is None:
        return Change("new", after.key, None, after)
    if before.status is after.status:
        return None
    if after.status in BAD and before.status not in BAD:
        kind = "broke"
    elif before.status in BAD and after.status is Status.PASS:
        kind = "fixed"
    else:
        kind = "changed"
    return Change(kind, after.key, before, after)


def _brief(answer: Answered | None) -> dict[str, str] | None:
    if answer is None:
        return None
    return {"status": answer.status.value, "reason": answer.reason, "started": answer.started}
