"""Evaluates scenarios of subjects with Nix: many in one process, those that abort alone."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from rknn_validation.deadline import Deadline
from rknn_validation.errors import DeadlineExceeded, HarnessError
from rknn_validation.nix.configuration import Configuration, Evaluation, EvaluationError
from rknn_validation.nix.decode import Packages, decode
from rknn_validation.nix.failure import explain
from rknn_validation.nix.flake import Flake
from rknn_validation.nix.request import Request, flakes_of
from rknn_validation.process import run, tool
from rknn_validation.subject import Subject

HERE = Path(__file__).parent
STANDIN = HERE / "standin"
MEMORY = 2 * 2**30
"""Address space of one evaluation with the stand-in: an endless one ends here if not at its deadline."""
MEMORY_OF_NIXPKGS = 8 * 2**30
"""The same with a real nixpkgs, which needs more for a single system."""
MEMORY_OF_ANOTHER = 80 * 2**20
"""What each further request of a batch may take, what it reserves to begin with included."""
HEAP = 384 * 2**20
"""The heap Nix begins with of its own accord."""
HEAP_OF_ANOTHER = 8 * 2**20
"""Heap to begin with for each request of a batch: Nix then hardly ever collects garbage, which takes it longer than
the evaluation itself. Only what is used of it takes memory."""
BATCH = 100
"""Requests in one process; more would lose too much when one of them aborts it."""
WORKERS = 2
ENVIRONMENT = {"NIX_PATH": "", "NIX_CONFIG": "build-users-group =", "TERM": "dumb"}
"""No search path, as in a flake; and no complaint about a build group nobody needs here."""
NOT_HERE = "rknn-validation: not here: "
"""How a warning begins that tells of a module which is not on this machine."""
_SCHEMES = (
    "https://",
    "http://",
    "git+https://",
    "git+ssh://",
    "ssh://",
    "github:",
    "gitlab:",
    "sourcehut:",
    "file://",
)
"""What may be fetched with a hash."""


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
    program = tool("nix-instantiate", "install Nix (Debian: nix-bin), or run make validate, which does")
    with tempfile.TemporaryDirectory(prefix="rknn-evaluate-") as scratch:
        evaluator = _Evaluator(program, nixpkgs, Path(scratch), requests, flakes or {}, build)
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
    program = tool("nix-instantiate", "install Nix (Debian: nix-bin), or run make validate, which does")
    with tempfile.TemporaryDirectory(prefix="rknn-evaluate-") as scratch:
        file = Path(scratch) / "request.json"
        file.write_text(json.dumps({"reference": flake.told, "graph": flake.to_json()}))
        command = [program, "--eval", "--strict", "--json", "--show-trace", "--store", "dummy://"]
        command += ["--argstr", "nixpkgs", str(nixpkgs or STANDIN), "--argstr", "request", str(file)]
        command += [str(HERE / "expression" / "names.nix")]
        done = run(command, deadline=deadline, memory=MEMORY_OF_NIXPKGS, environment=ENVIRONMENT)
    if done.returncode == 0:
        return tuple(json.loads(done.stdout))
    error = explain(done.stderr, Subject(flake.directory), standin=nixpkgs is None)
    absent = f"; not on this machine: {', '.join(flake.absent)}" if flake.absent else ""
    raise HarnessError(
        f"the hosts of {flake.told} cannot be told",
        expected="nixosConfigurations in the flake's outputs",
        seen=f"{error.message}{f' ({error.position})' if error.position else ''}{absent}",
        hint="fix the error Nix shows" if not absent else "fetch the flake's inputs where there is a network",
    )


def _even(names: Sequence[str], parts: int) -> list[Sequence[str]]:
    """`names` in as many parts, of the same size but for one."""
    bounds = [len(names) * part // max(1, parts) for part in range(parts + 1)]
    return [names[start:end] for start, end in pairwise(bounds)]


def _environment(requests: int) -> dict[str, str]:
    """Nix's environment for a batch; of the machine's memory, the processes together begin with no more than half."""
    present = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    heap = min(requests * HEAP_OF_ANOTHER, present // 2 // WORKERS)
    # Nix itself begins with more than what a few requests come to.
    return ENVIRONMENT if heap < HEAP else {**ENVIRONMENT, "GC_INITIAL_HEAP_SIZE": str(heap)}


@dataclass
class _Evaluator:
    program: str
    nixpkgs: Path | None
    scratch: Path
    requests: Mapping[str, Request]
    flakes: Mapping[str, Flake]
    build: bool

    def batch(self, names: Sequence[str], deadline: Deadline) -> dict[str, Evaluation]:
        """Evaluate `names` in one process; take out whichever subject aborts it, and go on with the others."""
        # What never ends would eat the whole deadline: leave most of it for asking one by one.
        part = deadline.capped(deadline.seconds / 3, deadline.what) if len(names) > 1 else deadline
        try:
            result = self._nix(names, part)
        except DeadlineExceeded as late:
            if len(names) == 1:
                return {names[0]: self._late(names[0], str(late))}
            return self._alone(names, deadline)
        if isinstance(result, str):
            return self._without_culprit(names, result, deadline)
        packages, results = Packages(result["packages"]), result["results"]
        return dict(self._in_parallel(lambda name: self._evaluation(name, results[name], packages, deadline), names))

    def _without_culprit(self, names: Sequence[str], message: str, deadline: Deadline) -> dict[str, Evaluation]:
        if len(names) == 1:
            return {names[0]: self._failure(names[0], message)}
        found = re.search(r"rknn-request-(\d+)-", message)  # evaluate.nix leaves it in the trace
        if found is None:
            return self._alone(names, deadline)
        culprit = names[int(found.group(1))]
        # Most requests of one subject abort alike.
        subject = self.requests[culprit].subject
        suspects = [name for name in names if self.requests[name].subject == subject and name != culprit]
        others = [name for name in names if self.requests[name].subject != subject]
        done = {culprit: self._failure(culprit, message), **self._alone(suspects, deadline)}
        return done | (self.batch(others, deadline) if others else {})

    def _alone(self, names: Sequence[str], deadline: Deadline) -> dict[str, Evaluation]:
        parts = self._in_parallel(lambda name: self.batch([name], deadline)[name], names)
        return dict(parts)

    def _in_parallel(self, ask: Callable[[str], Evaluation], names: Sequence[str]) -> Iterator[tuple[str, Evaluation]]:
        with ThreadPoolExecutor(max_workers=8) as pool:
            yield from zip(names, pool.map(ask, names), strict=True)

    def _evaluation(self, name: str, data: dict[str, Any], packages: Packages, deadline: Deadline) -> Evaluation:
        if "configuration" not in data:
            return self._failure(name, self._reason(name, deadline))
        configuration = decode(Configuration, data["configuration"], packages)
        # What is said by expression/absent.nix, through an option that every NixOS has.
        lost = [text for text in configuration.warnings if text.startswith(NOT_HERE)]
        if lost:
            kept = tuple(text for text in configuration.warnings if text not in lost)
            told = tuple(dict.fromkeys(text.removeprefix(NOT_HERE) for text in lost))
            configuration = replace(configuration, warnings=kept, not_here=told)
        if data.get("failed"):
            why = self._explained(name, self._reason(name, deadline))
            configuration = replace(configuration, failures=(why,))
        return Evaluation(name, configuration, None, self.served_by)

    def _reason(self, name: str, deadline: Deadline) -> str:
        """What Nix says when nothing that throws is spared."""
        try:
            result = self._nix([name], deadline, loud=True)
        except DeadlineExceeded as late:
            return f"error: {late}"
        return result if isinstance(result, str) else "error: a value throws, but not when it is asked for alone"

    def _nix(self, names: Sequence[str], deadline: Deadline, *, loud: bool = False) -> dict[str, Any] | str:
        """Results by name and packages by key, or Nix's message when it aborted."""
        asked = {str(index): self.requests[name].to_json() for index, name in enumerate(names)}
        named = {ref for name in names for ref in flakes_of(self.requests[name].subject)}
        wanted = {"requests": asked, "flakes": {ref: self.flakes[ref].to_json() for ref in named}}
        with tempfile.NamedTemporaryFile("w", dir=self.scratch, suffix=".json", delete=False) as file:
            json.dump(wanted, file)
        command = [self.program, "--eval", "--strict", "--json", "--show-trace"]
        command += [] if self.build else ["--store", "dummy://", "--option", "allow-import-from-derivation", "false"]
        command += self._restricted(names, Path(file.name))
        command += ["--argstr", "nixpkgs", str(self.nixpkgs or STANDIN), "--argstr", "request", file.name]
        command += ["--argstr", "loud", "yes" if loud else "no"]
        command += [str(HERE / "expression" / "evaluate.nix")]
        memory = (MEMORY if self.nixpkgs is None else MEMORY_OF_NIXPKGS) + len(names) * MEMORY_OF_ANOTHER
        done = run(command, deadline=deadline, memory=memory, environment=_environment(len(names)))
        if done.returncode != 0:
            return done.stderr or f"error: nix-instantiate ended with status {done.returncode}"
        data = json.loads(done.stdout)
        if loud:
            return {}
        results = {name: data["results"][str(index)] for index, name in enumerate(names)}
        return {**data, "results": results}

    def _restricted(self, names: Sequence[str], request: Path) -> list[str]:
        """What may be read: by hosts of flakes the flakes and no variable of the environment; by others `<nixpkgs>`."""
        subjects = [self.requests[name].subject for name in names]
        hosts = [one.host for one in subjects if one.host is not None]
        if hosts and all(host.flake for host in hosts):
            return self._of_flakes(request)
        # A module that looks for nixpkgs on a search path is wrong; a file that is no flake has nothing else.
        found = hosts or any(one.packages for one in subjects)
        # `import <nixpkgs> { }` is for the machine it is evaluated on: the board, and not this one.
        board = ["--option", "system", "aarch64-linux"]
        return [*board, "-I", f"nixpkgs={self.nixpkgs or STANDIN}"] if found else []

    def _of_flakes(self, request: Path) -> list[str]:
        read = [HERE, request, self.nixpkgs or STANDIN]
        read += [path for flake in self.flakes.values() for path in flake.folders]
        options = ["--option", "restrict-eval", "true", "--option", "allowed-uris", " ".join(_SCHEMES)]
        return [*options, *(word for index, path in enumerate(read) for word in ("-I", f"rknn{index}={path}"))]

    def _failure(self, name: str, message: str) -> Evaluation:
        return Evaluation(name, None, self._explained(name, message), self.served_by)

    def _late(self, name: str, message: str) -> Evaluation:
        return Evaluation(name, None, EvaluationError("deadline", message, ""), self.served_by)

    def _explained(self, name: str, message: str) -> EvaluationError:
        return explain(message, self.requests[name].subject, standin=self.nixpkgs is None)

    @property
    def served_by(self) -> str:
        """Which nixpkgs served, as reports name it."""
        if self.nixpkgs is None:
            return "stand-in"
        version = self.nixpkgs / "lib" / ".version"
        return f"nixpkgs {version.read_text().strip() if version.is_file() else 'of unknown version'} ({self.nixpkgs})"
