"""One process of Nix for many requests: its options, its memory, and its answers."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rknn_validation.common.deadline import Deadline
from rknn_validation.facts.nix.command import ENVIRONMENT, HERE, MEMORY_OF_NIXPKGS, STANDIN, evaluate_file, json_file
from rknn_validation.facts.nix.decode import Packages
from rknn_validation.facts.nix.flake import Flake
from rknn_validation.facts.nix.gaps import Gaps, used_by_request
from rknn_validation.facts.nix.request import Request, flakes_of

MEMORY = 2 * 2**30
"""Address space of one evaluation with the stand-in: an endless one ends here if not at its deadline."""
MEMORY_OF_ANOTHER = 80 * 2**20
"""What each further request of a batch may take, what it reserves to begin with included."""
HEAP = 384 * 2**20
"""The heap Nix begins with by default."""
HEAP_OF_ANOTHER = 8 * 2**20
"""Heap to begin with for each request of a batch: Nix then hardly ever collects garbage, which takes it longer than
the evaluation itself. Only what is used of it takes memory."""
BATCH = 100
"""Requests in one process; more would lose too much when one of them aborts it."""
WORKERS = 2
_SCHEMES = (
    *("https://", "http://", "git+https://", "git+ssh://", "ssh://", "file://"),
    *("github:", "gitlab:", "sourcehut:"),
)
"""What may be fetched with a hash."""


def environment(requests: int) -> dict[str, str]:
    """Nix's environment for a batch; of the machine's memory, the processes together begin with no more than half."""
    present = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    heap = min(requests * HEAP_OF_ANOTHER, present // 2 // WORKERS)
    # Nix itself begins with more than what a few requests come to.
    return ENVIRONMENT if heap < HEAP else {**ENVIRONMENT, "GC_INITIAL_HEAP_SIZE": str(heap)}


@dataclass(frozen=True)
class Answer:
    """What one process made of requests: data and what is not modelled by request, and the packages of all."""

    results: Mapping[str, Any]
    packages: Packages
    not_modelled: Mapping[str, tuple[str, ...]]


@dataclass
class Nix:
    """Nix with the files of one run: `scratch` is where requests are written."""

    nixpkgs: Path | None
    scratch: Path
    requests: Mapping[str, Request]
    flakes: Mapping[str, Flake]
    build: bool

    def ask(
        self, names: Sequence[str], deadline: Deadline, *, loud: bool = False, missing: Gaps | None = None
    ) -> Answer | str:
        """What requests come to, or Nix's message when it aborted; `missing` is what the stand-in does not have."""
        asked = {str(index): self.requests[name].to_json() for index, name in enumerate(names)}
        named = {ref for name in names for ref in flakes_of(self.requests[name].subject)}
        wanted = {"requests": asked, "flakes": {ref: self.flakes[ref].to_json() for ref in named}}
        request = json_file(wanted, self.scratch)
        options = self._restricted(names, Path(request))
        dates = [one for one in {ref: self.flakes[ref].dated for ref in named}.values() if one]
        if self.nixpkgs is None and dates and all(one == dates[0] for one in dates):
            options += ["-I", f"rknn-nixpkgs-of={json_file(dates[0], self.scratch)}"]
        if missing:
            options += ["-I", missing.as_path(self.scratch)]
        given = {"nixpkgs": str(self.nixpkgs or STANDIN), "request": request, "loud": "yes" if loud else "no"}
        done = evaluate_file(
            "evaluate.nix",
            given,
            options,
            deadline=deadline,
            memory=(MEMORY if self.nixpkgs is None else MEMORY_OF_NIXPKGS) + len(names) * MEMORY_OF_ANOTHER,
            environment=environment(len(names)),
            build=self.build,
        )
        if done.returncode != 0:
            return done.stderr or f"error: nix-instantiate ended with status {done.returncode}"
        if loud:
            return Answer({}, Packages({}), {})
        data, said = json.loads(done.stdout), used_by_request(done.stderr)
        results = {name: data["results"][str(index)] for index, name in enumerate(names)}
        used = {name: said.get(str(index), ()) for index, name in enumerate(names)}
        return Answer(results, Packages(data["packages"]), used)

    def supply(self, name: str, message: str) -> bool:
        """Whether a module that Nix missed, of an input that is not here, is there the next time."""
        flakes = flakes_of(self.requests[name].subject)
        return bool(message) and any(self.flakes[ref].supply(message) for ref in flakes)

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

    @property
    def served_by(self) -> str:
        """Which nixpkgs served, as reports name it."""
        if self.nixpkgs is None:
            return "stand-in"
        version = self.nixpkgs / "lib" / ".version"
        return f"nixpkgs {version.read_text().strip() if version.is_file() else 'of unknown version'} ({self.nixpkgs})"
