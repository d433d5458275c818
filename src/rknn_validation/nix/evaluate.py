"""Evaluates scenarios of subjects with Nix: many in one process, those that abort alone."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rknn_validation.deadline import Deadline
from rknn_validation.errors import DeadlineExceeded
from rknn_validation.nix.configuration import Configuration, Evaluation, EvaluationError
from rknn_validation.nix.decode import decode
from rknn_validation.nix.failure import explain
from rknn_validation.process import run, tool
from rknn_validation.subject import Subject

HERE = Path(__file__).parent
STANDIN = HERE / "standin"
MEMORY = 4 * 2**30
"""Address space of one evaluation, in bytes: an endless one ends here if not at its deadline."""
ALONE = 4
"""How many evaluations run side by side when each has a process of its own: endless ones must not take them all."""
BATCH = 32
"""Requests in one process; more would lose too much when one of them aborts it."""


@dataclass(frozen=True)
class Request:
    """What to evaluate: `settings` below the subject's option, `config` beside it, on `system`.

    `with_subject` False gives the same machine without the subject's module and settings.
    """

    subject: Subject
    settings: Mapping[str, Any] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    system: str = "aarch64-linux"
    with_subject: bool = True

    def to_json(self) -> dict[str, Any]:
        """As `expression/evaluate.nix` reads it."""
        subject = self.subject
        return {
            "subject": {
                "root": str(subject.root),
                "module": str(subject.module),
                "option": list(subject.option),
                "overlays": [str(path) for path in subject.overlays],
                "imports": [str(path) for path in subject.imports],
            },
            "settings": dict(self.settings),
            "config": dict(self.config),
            "system": self.system,
            "withSubject": self.with_subject,
        }


def evaluate(requests: Mapping[str, Request], *, nixpkgs: Path | None, deadline: Deadline) -> dict[str, Evaluation]:
    """Evaluate all requests, by name. Never raises for what a subject does; raises MissingToolError.

    `nixpkgs` is a nixpkgs tree; None means the stand-in, which every Evaluation then names.
    """
    program = tool("nix-instantiate", "install Nix (Debian: nix-bin), or run make validate, which does")
    with tempfile.TemporaryDirectory(prefix="rknn-evaluate-") as scratch:
        evaluator = _Evaluator(program, nixpkgs, Path(scratch), requests)
        names = list(requests)
        batches = [names[start : start + BATCH] for start in range(0, len(names), BATCH)]
        with ThreadPoolExecutor(max_workers=2) as pool:
            parts = pool.map(lambda batch: evaluator.batch(batch, deadline), batches)
            done = {name: one for part in parts for name, one in part.items()}
    return {name: done[name] for name in names}


@dataclass
class _Evaluator:
    program: str
    nixpkgs: Path | None
    scratch: Path
    requests: Mapping[str, Request]

    def batch(self, names: Sequence[str], deadline: Deadline) -> dict[str, Evaluation]:
        """Evaluate `names` in one process; take out whichever aborts it, and go on with the others."""
        left, done = list(names), dict[str, Evaluation]()
        # What never ends would eat the whole deadline: leave most of it for asking one by one.
        part = deadline.capped(deadline.seconds / 3, deadline.what)
        while left:
            try:
                result = self._nix(left, part)
            except DeadlineExceeded:
                return done | self._alone(left, deadline)
            if isinstance(result, dict):
                refused = [name for name in left if "refused" in result[name]]
                accepted = {name: self._configuration(name, result[name]) for name in left if name not in refused}
                return done | accepted | self._alone(refused, deadline)
            culprit = self._culprit(result, left)
            if culprit is None:
                return done | self._alone(left, deadline)
            done[culprit] = self._failure(culprit, result)
            left.remove(culprit)
        return done

    def _alone(self, names: Sequence[str], deadline: Deadline) -> dict[str, Evaluation]:
        with ThreadPoolExecutor(max_workers=ALONE) as pool:
            return dict(zip(names, pool.map(lambda name: self._one(name, deadline), names), strict=True))

    def _one(self, name: str, deadline: Deadline) -> Evaluation:
        try:
            result = self._nix([name], deadline, quiet=False)
        except DeadlineExceeded as late:
            return Evaluation(name, None, EvaluationError("deadline", str(late), ""), self.served_by)
        if isinstance(result, dict):
            return self._configuration(name, result[name])
        return self._failure(name, result)

    def _nix(self, names: Sequence[str], deadline: Deadline, *, quiet: bool = True) -> dict[str, Any] | str:
        """All results, or Nix's message when it aborted. Quiet, what merely throws is marked as refused."""
        wanted = {str(index): self.requests[name].to_json() for index, name in enumerate(names)}
        with tempfile.NamedTemporaryFile("w", dir=self.scratch, suffix=".json", delete=False) as file:
            json.dump(wanted, file)
        command = [self.program, "--eval", "--strict", "--json", "--show-trace", "--store", "dummy://"]
        command += ["--option", "restrict-eval", "false"]
        command += ["--argstr", "nixpkgs", str(self.nixpkgs or STANDIN), "--argstr", "request", file.name]
        command += ["--argstr", "quiet", "yes" if quiet else "no"]
        command.append(str(HERE / "expression" / "evaluate.nix"))
        done = run(command, deadline=deadline, memory=MEMORY, environment={"NIX_PATH": "", "TERM": "dumb"})
        if done.returncode != 0:
            return done.stderr or f"nix-instantiate ended with status {done.returncode}"
        data = json.loads(done.stdout)
        return {name: data[str(index)] for index, name in enumerate(names)}

    def _culprit(self, message: str, names: Sequence[str]) -> str | None:
        """The request whose evaluation aborted the batch: evaluate.nix leaves its index in the trace."""
        found = re.search(r"rknn-request-(\d+)-", message)
        return names[int(found.group(1))] if found else None

    def _configuration(self, name: str, data: dict[str, Any]) -> Evaluation:
        return Evaluation(name, decode(Configuration, data), None, self.served_by)

    def _failure(self, name: str, message: str) -> Evaluation:
        error = explain(message, self.requests[name].subject, standin=self.nixpkgs is None)
        return Evaluation(name, None, error, self.served_by)

    @property
    def served_by(self) -> str:
        """Which nixpkgs served, as reports name it."""
        if self.nixpkgs is None:
            return "stand-in"
        version = self.nixpkgs / "lib" / ".version"
        return f"nixpkgs {version.read_text().strip() if version.is_file() else 'of unknown version'} ({self.nixpkgs})"
