"""Check, answer and verdict, which every suite and report uses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any, Generic, TypeVar

from rknn_validation.npu.codes import code_of
from rknn_validation.npu.formerly import current_id


class Status(StrEnum):
    """What a check found. `inconclusive` means it could not tell, and never counts as pass."""

    PASS = "pass"
    FAIL = "fail"
    SKIP = "skip"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True)
class Evidence:
    """What was actually seen: `source` is an option path, file or command, `output` what it gave."""

    source: str
    output: str


@dataclass(frozen=True)
class Answer:
    """What a check function returns: a status, one sentence of reason, and the evidence for it."""

    status: Status
    reason: str
    evidence: tuple[Evidence, ...] = ()


def passed(reason: str, *evidence: Evidence) -> Answer:
    """The subject does what the check asks for."""
    return Answer(Status.PASS, reason, evidence)


def failed(reason: str, *evidence: Evidence) -> Answer:
    """The subject does not; `reason` says what goes wrong because of it."""
    return Answer(Status.FAIL, reason, evidence)


def skipped(reason: str) -> Answer:
    """The check does not apply here; `reason` says why."""
    return Answer(Status.SKIP, reason)


def inconclusive(reason: str, *evidence: Evidence) -> Answer:
    """The check applies but could not tell; `reason` says why."""
    return Answer(Status.INCONCLUSIVE, reason, evidence)


Asked = TypeVar("Asked")
ALL_STACKS = ("vendor", "mainline", "none")
ALL_BOARDS = ("rk3588", "other")
NPU, LINT = "npu", "lint"
"""The groups of checks, see `Check.group`."""
CHECK_BROKE = "the check itself failed"
"""How the reason of an answer begins where the check raised an exception."""

IGNORED = "ignored"
"""How the reason of a verdict begins whose finding is ignored."""


@dataclass(frozen=True)
class Check(Generic[Asked]):
    """One question.

    `id` is `stage.what-must-be-true`, `title` the statement that holds where it passes, `remedy` what to do where it
    fails. Stages order checks from cause to effect. `stacks` and `boards` ("rk3588" | "other") say where it applies.
    `level` is the least `--level` that asks it: 1 takes seconds, 2 some two minutes, 3 is a soak.
    """

    id: str
    title: str
    remedy: str
    ask: Callable[[Asked], Answer]
    stacks: frozenset[str]
    boards: frozenset[str] = frozenset({"rk3588"})
    level: int = 1

    @property
    def stage(self) -> str:
        """Where the check stands between cause and effect: the id up to its dot."""
        return self.id.partition(".")[0]

    @property
    def group(self) -> str:
        """`lint` for mistakes that a build reports anyway and for rules of style; else `npu`.

        No other check depends on a lint check: whether the NPU works is judged without them.
        """
        return LINT if self.stage == LINT else NPU


class Registry(Generic[Asked]):
    """The checks of one tier, in the order they were declared; ids are unique."""

    def __init__(self) -> None:
        self._checks: dict[str, Check[Asked]] = {}

    def check(
        self,
        id: str,
        title: str,
        *,
        remedy: str,
        stacks: Iterable[str] = ("vendor", "mainline"),
        boards: Iterable[str] = ("rk3588",),
        everywhere: bool = False,
        level: int = 1,
    ) -> Callable[[Callable[[Asked], Answer]], Callable[[Asked], Answer]]:
        """Declare the decorated function as a check; `everywhere` means for every stack or none, on every board."""

        def declare(ask: Callable[[Asked], Answer]) -> Callable[[Asked], Answer]:
            if id in self._checks:
                raise ValueError(f"check {id} is declared twice")
            on, at = map(frozenset, (ALL_STACKS, ALL_BOARDS) if everywhere else (stacks, boards))
            self._checks[id] = Check(id, title, remedy, ask, on, at, level)
            return ask

        return declare

    def all(self) -> tuple[Check[Asked], ...]:
        """Every check, in declaration order."""
        return tuple(self._checks.values())

    def __getitem__(self, id: str) -> Check[Asked]:
        return self._checks[id]


@dataclass(frozen=True)
class Verdict:
    """An answer together with what was asked of what, as reports keep it. Survives JSON both ways.

    `tier` is unit | vm | hardware | kubernetes; `board` is "" for a configuration check; `stand_ins` names
    everything that stood in for the real thing; `attachments` maps a title to text (console log, ...). `node` is the
    real machine that was asked, "" for every other tier; `started` is when, in seconds since 1970, 0 where unknown.
    `ignored` is why the finding is ignored, "" where it is not.
    """

    check: str
    title: str
    stage: str
    tier: str
    scenario: str
    board: str
    status: Status
    reason: str
    remedy: str
    evidence: tuple[Evidence, ...] = ()
    stand_ins: tuple[str, ...] = ()
    seconds: float = 0.0
    attachments: dict[str, str] = field(default_factory=dict)
    node: str = ""
    started: float = 0.0
    ignored: str = ""

    def unless_ignored(self, reasons: Mapping[str, str]) -> Verdict:
        """The verdict; skipped if it is a finding of a check that is ignored. `reasons` say why, by the check's id."""
        why = reasons.get(self.check, "")
        if not why or self.status not in (Status.FAIL, Status.INCONCLUSIVE):
            return self
        reason = f"{IGNORED}: {why}; it was {self.status.value}: {self.reason}"
        return replace(self, status=Status.SKIP, reason=reason, ignored=why)

    @property
    def code(self) -> str:
        """The check's code, such as NPU110; "" for a check that has none."""
        return code_of(self.check)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"code": self.code, **asdict(self), "status": self.status.value}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Verdict:
        """The verdict that `to_json` was called on."""
        return cls(
            **{
                **{key: value for key, value in data.items() if key != "code"},
                "check": current_id(data["check"]),
                "status": Status(data["status"]),
                "evidence": tuple(Evidence(**one) for one in data["evidence"]),
                "stand_ins": tuple(data["stand_ins"]),
            }
        )
