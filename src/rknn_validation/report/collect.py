"""Collects verdicts as tests end and writes each to disk at once, so that an interrupted run loses none."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rknn_validation.diagnosis import Diagnosis, diagnose
from rknn_validation.checks.model import Status, Verdict
from rknn_validation.common.errors import HarnessError
from rknn_validation.npu.codes import code_of, with_code
from rknn_validation.report.compare import Changes

PROPERTY = "rknn-verdict"
"""Name of the user property of a test that carries its verdict to the reports."""

GUEST = "guest: "
"""Prefix of the stand-in that names the system on an emulated board."""


def verdict_in(properties: Iterable[tuple[str, Any]]) -> Verdict | None:
    """The verdict among a test report's user properties, if it has one."""
    found = [value for name, value in properties if name == PROPERTY]
    return Verdict.from_json(found[-1]) if found else None


@dataclass(frozen=True)
class Ignored:
    """An entry of the ignore list, with numbers of verdicts.

    `asked` are those on its check, of which `passed` passed and `occurred` were findings; `dependent` are other
    verdicts that were skipped because of it.
    """

    check: str
    reason: str
    asked: int
    passed: int
    occurred: int
    dependent: int

    @classmethod
    def among(cls, verdicts: Sequence[Verdict], check: str, reason: str) -> Ignored:
        """What the verdicts of a run say of it."""
        own = [one for one in verdicts if one.check == check]
        dependent = [one for one in verdicts if one.status is Status.SKIP and f": see {check}" in one.reason]
        passed = sum(one.status is Status.PASS for one in own)
        return cls(check, reason, len(own), passed, sum(bool(one.ignored) for one in own), len(dependent))

    def __str__(self) -> str:
        seen = f"ignored in {self.occurred} of {self.asked} verdicts"
        if not self.asked:
            seen = "not asked in this run"
        elif not self.occurred:
            seen = "it does not occur: remove it from the list" if self.passed else "the check does not apply here"
        because = f"; {self.dependent} checks were skipped because of it" if self.occurred and self.dependent else ""
        return f"ignored finding {with_code(self.check)} ({self.reason}): {seen}{because}"

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"code": code_of(self.check), **asdict(self)}


@dataclass
class Collection:
    """All verdicts of a run, in order. `directory` is where the reports are written; None: nowhere."""

    directory: Path | None
    verdicts: list[Verdict] = field(default_factory=list)
    finished: bool = False
    selected: bool = False
    """The run was told to ask only some checks."""
    notes: list[str] = field(default_factory=list)
    """What readers need to know: which nixpkgs was used, and what was assumed about each host and why."""
    incomplete: str = ""
    """Why not everything was asked, as a sentence; "" where it was."""
    errors: int = 0
    """Questions whose test ended without a verdict: an error of the harness, or a worker that died."""
    ignore: Mapping[str, str] = field(default_factory=dict)
    """The reasons of the findings that the subject file ignores, by check."""
    changes: Changes | None = None
    """Compared with earlier runs of the same subject; None if there are none, and until the reports are written."""

    _diagnosed: tuple[int, tuple[Diagnosis, ...]] = (0, ())

    def diagnoses(self) -> tuple[Diagnosis, ...]:
        """The likely causes of node failures, computed once for all reports."""
        if self._diagnosed[0] != len(self.verdicts):
            self._diagnosed = len(self.verdicts), diagnose(self.verdicts)
        return self._diagnosed[1]

    def start(self) -> None:
        """Make the report directory and remove the files of an earlier run that this one replaces."""
        if self.directory is None:
            return
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            self._journal.unlink(missing_ok=True)
        except OSError as problem:
            raise HarnessError(
                f"cannot write reports to {self.directory}",
                expected="a writable directory",
                seen=str(problem),
                hint="name another with --report DIR",
            ) from problem

    @property
    def _journal(self) -> Path:
        assert self.directory is not None
        return self.directory / "verdicts.jsonl"

    def add(self, verdict: Verdict) -> None:
        """Add a verdict, in memory and on disk."""
        self.verdicts.append(verdict)
        if self.directory is not None:
            with self._journal.open("a", encoding="utf-8") as journal:
                journal.write(json.dumps(verdict.to_json()) + "\n")

    def count(self, status: Status) -> int:
        """How many verdicts have this status."""
        return sum(verdict.status is status for verdict in self.verdicts)

    def conclusion(self) -> str:
        """The verdict on the whole run, as a clause. A run that was cut short is never a success."""
        if self.count(Status.FAIL) or self.count(Status.INCONCLUSIVE):
            return "the NPU is not shown to work"
        if not self.count(Status.PASS):
            return "nothing was judged"
        if self.errors:
            return "not every question got a verdict"
        if not self.finished:
            return "interrupted before every check was asked"
        ignored = sum(bool(verdict.ignored) for verdict in self.verdicts)
        but = f", except {ignored} ignored finding{'s'[: ignored > 1]}" if ignored else ""
        return f"every check that applies passed{but}"

    @property
    def success(self) -> bool:
        """Whether every check that applies was asked and passed, and at least one did."""
        bad = self.count(Status.FAIL) or self.count(Status.INCONCLUSIVE)
        return bool(self.count(Status.PASS)) and self.finished and not bad and not self.errors

    def ignored(self) -> tuple[Ignored, ...]:
        """What became of each entry of the ignore list, in its order."""
        return tuple(Ignored.among(self.verdicts, check, reason) for check, reason in self.ignore.items())

    def stand_ins(self) -> tuple[str, ...]:
        """Everything that stood in for the real thing in any verdict, each once."""
        return tuple(dict.fromkeys(name for verdict in self.verdicts for name in verdict.stand_ins))

    def guests(self) -> tuple[str, ...]:
        """The systems on the emulated boards that answered, such as `Debian 12` or `NixOS 26.05 of host opi01`."""
        return tuple(name.removeprefix(GUEST) for name in self.stand_ins() if name.startswith(GUEST))
