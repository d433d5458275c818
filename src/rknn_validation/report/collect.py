"""Collects verdicts as tests end and writes each to disk at once, so that an interrupted run loses none."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rknn_validation.diagnosis import Diagnosis, diagnose
from rknn_validation.checks.model import Status, Verdict
from rknn_validation.common.errors import HarnessError
from rknn_validation.report.compare import Changes

PROPERTY = "rknn-verdict"
"""Name of the user property of a test that carries its verdict to the reports."""

GUEST = "guest: "
"""Prefix of the stand-in that names the system on an emulated board."""


def verdict_in(properties: Iterable[tuple[str, Any]]) -> Verdict | None:
    """The verdict among a test report's user properties, if it has one."""
    found = [value for name, value in properties if name == PROPERTY]
    return Verdict.from_json(found[-1]) if found else None


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
        return "every check that applies passed" if self.finished else "interrupted before every check was asked"

    @property
    def success(self) -> bool:
        """Whether every check that applies was asked and passed, and at least one did."""
        bad = self.count(Status.FAIL) or self.count(Status.INCONCLUSIVE)
        return bool(self.count(Status.PASS)) and self.finished and not bad and not self.errors

    def stand_ins(self) -> tuple[str, ...]:
        """Everything that stood in for the real thing in any verdict, each once."""
        return tuple(dict.fromkeys(name for verdict in self.verdicts for name in verdict.stand_ins))

    def guests(self) -> tuple[str, ...]:
        """The systems on the emulated boards that answered, such as `Debian 12` or `NixOS 26.05 of host opi01`."""
        return tuple(name.removeprefix(GUEST) for name in self.stand_ins() if name.startswith(GUEST))
