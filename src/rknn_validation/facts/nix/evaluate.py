"""Evaluates scenarios with Nix: many in one process; those that abort it, alone."""

from __future__ import annotations

import difflib
import json
import re
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from threading import Lock

from rknn_validation.common.deadline import Deadline
from rknn_validation.common.errors import DeadlineExceeded, HarnessError
from rknn_validation.facts.nix.command import STANDIN, evaluate_file, json_file
from rknn_validation.facts.nix.configuration import Configuration, Evaluation, EvaluationError
from rknn_validation.facts.nix.decode import decode
from rknn_validation.facts.nix.failure import explain, headline
from rknn_validation.facts.nix.flake import Flake
from rknn_validation.facts.nix.gaps import ROUNDS, Gaps, learn, used
from rknn_validation.facts.nix.instantiate import BATCH, WORKERS, Answer, Nix
from rknn_validation.facts.nix.request import Request
from rknn_validation.subject.validation import Subject

THROWS_ELSEWHERE = "error: a value throws, but not when it is evaluated alone"
NOT_HERE = "rknn-validation: not here: "
"""How a warning begins that tells of a module which is not on this machine."""


def evaluate(
    requests: Mapping[str, Request],
    *,
    nixpkgs: Path | None,
    deadline: Deadline,
    flakes: Mapping[str, Flake] | None = None,
    build: bool = False,
) -> dict[str, Evaluation]:
    """Evaluate all requests, by name. Never raises for what a subject does; raises MissingToolError.

    `nixpkgs` is a nixpkgs tree; None means the stand-in, which every Evaluation then names. `flakes` are those that
    subjects name, by reference. `build` lets Nix build what a configuration imports from a derivation.
    """
    with tempfile.TemporaryDirectory(prefix="rknn-evaluate-") as scratch:
        evaluator = _Batches(Nix(nixpkgs, Path(scratch), requests, flakes or {}, build))
        names = list(requests)
        # A whole host of a real nixpkgs takes gigabytes: each gets a process of its own.
        heavy = nixpkgs is not None and any(one.subject.host for one in requests.values())
        batches = _even(names, min(len(names), max(WORKERS, -(-len(names) // (1 if heavy else BATCH)))))
        with ThreadPoolExecutor(max_workers=WORKERS) as pool:
            parts = pool.map(lambda batch: evaluator.batch(batch, deadline), batches)
            done = {name: one for part in parts for name, one in part.items()}
    return {name: done[name] for name in names}


def host_names(flake: Flake, *, nixpkgs: Path | None, deadline: Deadline) -> tuple[str, ...]:
    """The names of a flake's hosts, none of them evaluated. Raises HarnessError where Nix cannot tell them."""
    subject, missing = Subject(flake.directory), Gaps()
    with tempfile.TemporaryDirectory(prefix="rknn-evaluate-") as scratch:
        request = json_file({"reference": flake.name, "graph": flake.to_json()}, Path(scratch))
        given = {"nixpkgs": str(nixpkgs or STANDIN), "request": request}
        for _ in range(ROUNDS):
            done = evaluate_file("names.nix", given, ["-I", missing.as_path(Path(scratch))], deadline=deadline)
            if done.returncode == 0:
                return tuple(json.loads(done.stdout))
            more = missing if nixpkgs else learn(done.stderr, headline(done.stderr), subject, missing)
            if more == missing:
                break
            missing = more
    error = explain(done.stderr, subject, standin=nixpkgs is None)
    absent = f"; not on this machine: {', '.join(flake.missing_inputs)}" if flake.missing_inputs else ""
    raise HarnessError(
        f"the hosts of {flake.name} cannot be named",
        expected="nixosConfigurations in the flake's outputs",
        seen=f"{error.message}{f' ({error.position})' if error.position else ''}{absent}",
        hint="fix the error Nix shows" if not absent else "fetch the flake's inputs where there is a network",
    )


def require_attribute(file: Path, path: Sequence[str], *, nixpkgs: Path | None, deadline: Deadline) -> None:
    """Raise HarnessError for an attribute that a file has not, naming the nearest. What throws is named later."""
    given, options = {"file": str(file), "path": json.dumps(list(path))}, ["-I", f"nixpkgs={nixpkgs or STANDIN}"]
    done = evaluate_file("attributes.nix", given, options, deadline=deadline)
    if done.returncode != 0:
        return
    found, wanted = json.loads(done.stdout), ".".join(path)
    if found["wants"]:
        seen = f"a function that requires {', '.join(found['wants'])}"
        raise HarnessError(f"{file}", expected="a set of hosts, or a function without required arguments", seen=seen)
    if found["known"] is not None:
        near = difflib.get_close_matches(path[-1], found["known"], n=3)
        raise HarnessError(
            f"{file} has no attribute {wanted}",
            expected=f"one of {', '.join(found['known'])}" if found["known"] else "an attribute set",
            seen=wanted,
            hint=f"did you mean {' or '.join(near)}?" if near else "",
        )


def _even(names: Sequence[str], parts: int) -> list[Sequence[str]]:
    """`names` in as many parts, of the same size but for one."""
    bounds = [len(names) * part // max(1, parts) for part in range(parts + 1)]
    return [names[start:end] for start, end in pairwise(bounds)]


@dataclass
class _Batches:
    nix: Nix
    gaps: dict[str, Gaps] = field(default_factory=dict)
    locks: dict[str, Lock] = field(default_factory=lambda: defaultdict(Lock))

    def batch(self, names: Sequence[str], deadline: Deadline) -> dict[str, Evaluation]:
        """Evaluate `names` in one process; a subject that aborts it is evaluated alone, and the others again."""
        # One that does not terminate would use up the deadline: leave most of it for single evaluations.
        part = deadline.capped(deadline.seconds / 3, deadline.what) if len(names) > 1 else deadline
        try:
            answer = self.nix.ask(names, part)
        except DeadlineExceeded as late:
            if len(names) == 1:
                return {names[0]: self._late(names[0], str(late))}
            return self._alone(names, deadline)
        if isinstance(answer, str):
            return self._without_culprit(names, answer, deadline)
        return dict(self._in_parallel(lambda name: self._evaluation(name, answer, deadline), names))

    def _without_culprit(self, names: Sequence[str], message: str, deadline: Deadline) -> dict[str, Evaluation]:
        if len(names) == 1:
            return {names[0]: self._settled(names[0], message, deadline)}
        found = re.search(r"rknn-request-(\d+)-", message)  # evaluate.nix leaves it in the trace
        if found is None:
            return self._alone(names, deadline)
        culprit = names[int(found.group(1))]
        # Most requests of one subject abort alike.
        subject = self.nix.requests[culprit].subject
        suspects = [name for name in names if self.nix.requests[name].subject == subject and name != culprit]
        others = [name for name in names if self.nix.requests[name].subject != subject]
        done = {culprit: self._settled(culprit, message, deadline), **self._alone(suspects, deadline)}
        return done | (self.batch(others, deadline) if others else {})

    def _alone(self, names: Sequence[str], deadline: Deadline) -> dict[str, Evaluation]:
        parts = self._in_parallel(lambda name: self.batch([name], deadline)[name], names)
        return dict(parts)

    def _in_parallel(self, ask: Callable[[str], Evaluation], names: Sequence[str]) -> Iterator[tuple[str, Evaluation]]:
        with ThreadPoolExecutor(max_workers=8) as pool:
            yield from zip(names, pool.map(ask, names), strict=True)

    def _evaluation(self, name: str, answer: Answer, deadline: Deadline) -> Evaluation:
        data = answer.results[name]
        if "configuration" in data and not data.get("failed"):
            return self._decoded(name, answer)
        return self._settled(name, "", deadline, answer)

    def _settled(self, name: str, message: str, deadline: Deadline, answer: Answer | None = None) -> Evaluation:
        """An evaluation that something is wrong with, alone: what only the stand-in lacks is left open, one by one.

        `message` is what Nix said where that is known, `answer` what is left where single values fail. What was learned
        of a subject serves its other requests.
        """
        subject_key = self.nix.requests[name].subject_key
        with self.locks[subject_key]:
            missing = self.gaps.get(subject_key, Gaps())
            found = self._with(name, missing, message, deadline, answer)
            self.gaps[subject_key] = found.gaps
        return found

    def _with(self, name: str, missing: Gaps, message: str, deadline: Deadline, answer: Answer | None) -> Evaluation:
        message = message if missing == Gaps() else ""
        try:
            again = missing != Gaps()
            for _ in range(ROUNDS):
                message = message or self._reason(name, missing, deadline)
                more = missing if self.nix.nixpkgs or not message else self._learned(name, message, missing)
                if more == missing and not self.nix.supply(name, message):
                    break
                missing, message, again = more, "", True
            if again:
                given = self.nix.ask([name], deadline, missing=missing)
                if isinstance(given, str):
                    return replace(self._failure(name, message or given), gaps=missing)
                answer = given
        except DeadlineExceeded as late:
            return self._late(name, str(late))
        if answer is None or "configuration" not in answer.results[name]:
            return self._failure(name, message or THROWS_ELSEWHERE)
        found = replace(self._decoded(name, answer), gaps=missing)
        if not answer.results[name].get("failed") or found.configuration is None:
            return found
        why = self._explained(name, message or THROWS_ELSEWHERE)
        return replace(found, configuration=replace(found.configuration, failures=(why,)))

    def _decoded(self, name: str, answer: Answer) -> Evaluation:
        configuration = decode(Configuration, answer.results[name]["configuration"], answer.packages)
        # What is said by expression/absent.nix, through an option that every NixOS has.
        lost = [text for text in configuration.warnings if text.startswith(NOT_HERE)]
        if lost:
            kept = tuple(text for text in configuration.warnings if text not in lost)
            named = tuple(dict.fromkeys(text.removeprefix(NOT_HERE) for text in lost))
            configuration = replace(configuration, warnings=kept, not_here=named)
        not_modelled = answer.not_modelled.get(name, ())
        return Evaluation(name, configuration, None, self.nix.served_by, not_modelled=not_modelled)

    def _learned(self, name: str, message: str, missing: Gaps) -> Gaps:
        return learn(message, headline(message), self.nix.requests[name].subject, missing)

    def _reason(self, name: str, missing: Gaps, deadline: Deadline) -> str:
        """What Nix says when nothing that throws is spared; empty where nothing throws."""
        answer = self.nix.ask([name], deadline, loud=True, missing=missing)
        return answer if isinstance(answer, str) else ""

    def _failure(self, name: str, message: str) -> Evaluation:
        return Evaluation(name, None, self._explained(name, message), self.nix.served_by, not_modelled=used(message))

    def _late(self, name: str, message: str) -> Evaluation:
        return Evaluation(name, None, EvaluationError("deadline", message, ""), self.nix.served_by)

    def _explained(self, name: str, message: str) -> EvaluationError:
        return explain(message, self.nix.requests[name].subject, standin=self.nix.nixpkgs is None)
